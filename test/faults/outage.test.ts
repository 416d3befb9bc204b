import { expect, test } from '@jest/globals';
import { asEnrichmentError } from '../../shared/base/errors.js';
import { defenderApi } from '../../shared/defender/api.js';
import { TokenCache } from '../../shared/identity/token-cache.js';
import { MemoryLedger } from '../../shared/quota/memory-ledger.js';
import { priorityWindows } from '../../shared/quota/priorities.js';
import { Quota } from '../../shared/quota/quota.js';
import { ApiClient } from '../../shared/upstream/client.js';
import type { Outcome } from '../../shared/upstream/outcome.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { answered, OUTCOMES } from '../upstream/outcomes.js';

const MINUTE_MS = 60_000;
const ALERTS_PER_MINUTE = 20; // 1,200 an hour: less than Defender's limit
const WAIT_MS = 25_000;

/** Two hours of alerts at one rate; from minute 5 on Defender fails for `outageMinutes`. */
async function live(outageMinutes: number, failure: Outcome) {
  const clock = new VirtualClock();
  const [fromMs, untilMs] = [5 * MINUTE_MS, (5 + outageMinutes) * MINUTE_MS];
  const quota = new Quota(
    clock,
    new MemoryLedger(clock, priorityWindows({ perMinute: 100, perHour: 1500 }, 20)),
  );
  const client = new ApiClient({
    api: defenderApi({ apiHost: 'https://api.test', audience: 'https://audience.test' }),
    clock,
    random: () => 0.5,
    credential: {
      key: 'k',
      getToken: async () => ({ token: 'token', expiresOnMs: clock.epochMs() + 86_400_000 }),
    },
    tokens: new TokenCache(clock),
    quota,
    call: async () => {
      const isAway = clock.monotonicMs() >= fromMs && clock.monotonicMs() < untilMs;
      return isAway ? failure : answered('{}');
    },
  });
  const outcomes: { atMs: number; kind: string }[] = [];
  const ask = async () => {
    const endMs = clock.monotonicMs() + WAIT_MS;
    const work = { untilMs: () => endMs, signal: new AbortController().signal, at: () => {} };
    const question = { url: 'https://api.test/x', route: '/x' };
    const kind = await client
      .get(question, () => ({ kind: 'value', value: true }), work, 'interactive')
      .then(
        () => 'answered',
        (error) => asEnrichmentError(error).kind,
      );
    outcomes.push({ atMs: clock.monotonicMs(), kind });
  };
  let spentByOutage = 0;
  for (let alert = 0; alert < 120 * ALERTS_PER_MINUTE; alert++) {
    void ask();
    await clock.pass(MINUTE_MS / ALERTS_PER_MINUTE);
    if (clock.monotonicMs() === untilMs) {
      spentByOutage = 1500 - (quota.view().hour?.remaining ?? 0) - 5 * ALERTS_PER_MINUTE;
    }
  }
  const refused = outcomes.filter(({ kind }) => kind === 'quota-exhausted').length;
  const firstAfter = outcomes.find(({ atMs, kind }) => atMs >= untilMs && kind === 'answered');
  return {
    refused,
    spentByOutage,
    recoveredAfterMs: (firstAfter?.atMs ?? Number.POSITIVE_INFINITY) - untilMs,
  };
}

test.each([
  [15, OUTCOMES.refusedConnection],
  [30, OUTCOMES.refusedConnection],
  [30, { ...OUTCOMES.refusedConnection, code: 'ENOTFOUND' }],
] as const)(
  'Defender cannot be reached for %i minutes at 20 alerts a minute → the outage costs no quota: the first answer within seconds of the recovery, none refused',
  async (minutes, failure) => {
    const { refused, spentByOutage, recoveredAfterMs } = await live(minutes, failure);
    expect({ refused, spentByOutage }).toEqual({ refused: 0, spentByOutage: 0 });
    expect(recoveredAfterMs).toBeLessThan(5_000);
  },
);

test.each([['unavailable', OUTCOMES.unavailable] as const, ['timed-out', OUTCOMES.timedOut] as const])(
  'Defender fails every call (%s) for 30 minutes → one call an alert instead of three, and answers within seconds of the recovery',
  async (_kind, failure) => {
    const { refused, recoveredAfterMs } = await live(30, failure);
    expect(refused).toBe(0);
    expect(recoveredAfterMs).toBeLessThan(5_000);
  },
);
