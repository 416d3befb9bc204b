import type { Check } from '../check.js';

/** Entra and Defender allow five minutes between clocks, by the habit of token libraries. */
const MOST_MS = 300_000;
const WORRYING_MS = 60_000;

/** This machine's clock against Defender's: a token seems not valid yet, or ended, when they differ. */
export const clock: Check = {
  name: 'clock',
  async examine({ app, probe }) {
    await probe; // its answer tells the time, too
    const { aheadMs } = app.upstreamClock;
    if (aheadMs === undefined) {
      return [
        {
          status: 'ok',
          found:
            'Defender has not answered since the start, so its clock is not known; probe=ALERTID asks it.',
        },
      ];
    }
    const seconds = Math.round(Math.abs(aheadMs) / 1000);
    const found = `This clock is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} that of Defender, by its last answer.`;
    if (seconds * 1000 <= WORRYING_MS) return [{ status: 'ok', found }];
    const fix =
      'Set the clock of this machine by NTP (on Azure: restart the app, so that it gets another machine).';
    return [{ status: seconds * 1000 > MOST_MS ? 'fail' : 'warn', found, fix }];
  },
};
