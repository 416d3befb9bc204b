import { beforeEach, describe, expect, test } from '@jest/globals';
import { MemoryLedger } from '../../shared/quota/memory-ledger.js';
import { type Priority, priorityWindows } from '../../shared/quota/priorities.js';
import { Quota } from '../../shared/quota/quota.js';
import { VirtualClock } from '../support/virtual-clock.js';

let clock: VirtualClock;
beforeEach(() => {
  clock = new VirtualClock();
});

function setUp(perMinute: number, reservePercent: number) {
  const quota = new Quota(
    clock,
    new MemoryLedger(clock, priorityWindows({ perMinute: perMinute, perHour: 1500 }, reservePercent)),
  );
  const served: string[] = [];
  const ask = async (
    lane: Priority,
    name: string,
    untilMs: number,
    signal = new AbortController().signal,
  ) => {
    (await quota.acquire({ untilMs: () => untilMs, signal }, lane)).settle(true);
    served.push(`${name} at ${clock.monotonicMs()}`);
  };
  return { served, ask };
}

describe('the lanes of the quota', () => {
  test('background work leaves the reserve to whoever waits for an answer', async () => {
    const { served, ask } = setUp(10, 20);
    const background = Array.from({ length: 9 }, (_, n) => ask('background', `b${n}`, 0));
    const results = await clock.until(Promise.allSettled(background));
    expect(results.map(({ status }) => status)).toEqual([...Array(8).fill('fulfilled'), 'rejected']);
    expect(results[8]).toMatchObject({ reason: { kind: 'quota-exhausted', retryAtMs: 62_000 } });
    await clock.until(Promise.all([ask('interactive', 'i0', 0), ask('interactive', 'i1', 0)]));
    expect(served.slice(8)).toEqual(['i0 at 0', 'i1 at 0']);
    await expect(clock.until(ask('interactive', 'i2', 0))).rejects.toMatchObject({ retryAtMs: 62_000 });
  });

  test('interactive waiters are served before background ones that asked earlier', async () => {
    const { served, ask } = setUp(2, 50);
    await clock.until(Promise.all([ask('interactive', 'i0', 0), ask('interactive', 'i1', 0)]));
    await clock.until(
      Promise.all([
        ask('background', 'b0', 1_000_000),
        ask('interactive', 'i2', 1_000_000),
        ask('interactive', 'i3', 1_000_000),
      ]),
    );
    expect(served.slice(2)).toEqual(['i2 at 62000', 'i3 at 62000', 'b0 at 124000']);
  });

  /** A quota whose ledger takes so long for each charge, as one that many instances write to can. */
  function slowLedger(ledger: MemoryLedger, chargeMs: number): Quota {
    return new Quota(clock, {
      prepare: () => ledger.prepare(),
      take: async (wanted) => {
        const charge = await ledger.take(wanted);
        await clock.sleep(chargeMs);
        return charge;
      },
      settle: (charge, endedAtMs) => ledger.settle(charge, endedAtMs),
      release: (charge) => ledger.release(charge),
      pause: (untilMs) => ledger.pause(untilMs),
      forecast: (demand) => ledger.forecast(demand),
      stop: () => {},
      view: () => ledger.view(),
    });
  }

  test.each([
    { chargeMs: 9_900, outcome: 'served', remaining: 0 },
    { chargeMs: 10_100, outcome: 'quota-exhausted', remaining: 1 },
  ])(
    'a charge that takes $chargeMs ms of the 20 s of a background waiter: $outcome, and an unused one is given back',
    async ({ chargeMs, outcome, remaining }) => {
      const ledger = new MemoryLedger(clock, priorityWindows({ perMinute: 1, perHour: 1500 }, 0));
      const quota = slowLedger(ledger, chargeMs);
      const { signal } = new AbortController();
      const asked = quota.acquire({ untilMs: () => 20_000, signal }, 'background').then(
        () => 'served',
        ({ kind }) => kind,
      );
      expect(await clock.until(asked)).toBe(outcome);
      expect(quota.view().minute.remaining).toBe(remaining);
    },
  );

  test('a background waiter that is out of time does not cost those behind it their permit', async () => {
    const ledger = new MemoryLedger(clock, priorityWindows({ perMinute: 1, perHour: 1500 }, 0));
    const quota = slowLedger(ledger, 10_100);
    const ask = (untilMs: number) =>
      quota.acquire({ untilMs: () => untilMs, signal: new AbortController().signal }, 'background').then(
        () => 'served',
        ({ kind }) => kind,
      );
    const asked = [ask(20_000), ask(200_000)];
    expect(await clock.until(Promise.all(asked))).toEqual(['quota-exhausted', 'served']);
    expect(clock.monotonicMs()).toBe(10_100);
  });

  test('a permit of an interactive waiter who has left is not spent on the reserve by background work', async () => {
    const ledger = new MemoryLedger(clock, priorityWindows({ perMinute: 10, perHour: 1500 }, 50));
    const quota = slowLedger(ledger, 100);
    const leaving = new AbortController();
    const wait = (signal: AbortSignal, lane: Priority) =>
      quota.acquire({ untilMs: () => 1_000, signal }, lane).then(
        () => 'served',
        () => 'not served',
      );
    const interactive = Array.from({ length: 5 }, () => wait(leaving.signal, 'interactive'));
    await clock.pass(50);
    leaving.abort(new Error('left'));
    const background = wait(new AbortController().signal, 'background');
    expect(await clock.until(Promise.all(interactive))).toEqual(Array(5).fill('not served'));
    // Five are charged, and half of ten is all that background work may see spent.
    expect(await clock.until(background)).toBe('not served');
  });
});
