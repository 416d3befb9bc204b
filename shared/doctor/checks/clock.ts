import type { Check } from '../check.js';
import { hasAnswered } from './defender.js';

/** Token libraries commonly allow clocks to differ by five minutes. */
const MOST_MS = 300_000;
const WORRYING_MS = 60_000;

/**
 * This machine's clock against Defender's: with a difference a token seems to be not valid yet, or expired.
 */
export const clock: Check = {
  name: 'clock',
  async examine({ app, probe }) {
    await probe; // its answer tells the time, too
    const { aheadMs } = app.upstreamClock;
    if (aheadMs === undefined) {
      const found =
        "Not compared: Defender's clock is only known from its answers, and it has not been asked. Add probe=ALERT_ID.";
      return [{ status: 'ok', found }];
    }
    const seconds = Math.round(Math.abs(aheadMs) / 1000);
    const found = `This machine's clock is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} Defender's, by its last answer.`;
    if (seconds * 1000 <= WORRYING_MS) return [{ status: 'ok', found }];
    const fix =
      'Set the clock of this machine by NTP. On Azure, restart the app, so that it gets another machine.';
    if (hasAnswered(app)) {
      const meanwhile = 'Requests are answered meanwhile, but tokens may be refused at any time.';
      return [{ status: 'warn', found: `${found} ${meanwhile}`, fix }];
    }
    return [{ status: seconds * 1000 > MOST_MS ? 'fail' : 'warn', found, fix }];
  },
};
