import { setMaxListeners } from 'node:events';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import type { EnrichmentError } from '../../shared/base/errors.js';
import type { Charge, Ledger } from '../../shared/quota/ledger.js';
import { MemoryLedger } from '../../shared/quota/memory-ledger.js';
import { type Demand, priorityWindows } from '../../shared/quota/priorities.js';
import { Quota } from '../../shared/quota/quota.js';
import type { Permit } from '../../shared/quota/waiters.js';
import fc from '../support/properties.js';
import { VirtualClock } from '../support/virtual-clock.js';

let clock: VirtualClock;
beforeEach(() => {
  clock = new VirtualClock();
});

const start = (perMinute: number, perHour = 1500) => {
  const ledger = new MemoryLedger(clock, priorityWindows({ perMinute: perMinute, perHour: perHour }, 0));
  return { ledger, quota: new Quota(clock, ledger) };
};
const waiting = (untilMs: number, signal = new AbortController().signal) => ({
  untilMs: () => untilMs,
  signal,
});

/** The error that a promise is rejected with. */
const refusal = (work: Promise<unknown>): Promise<EnrichmentError> =>
  clock.until(
    work.then(
      () => Promise.reject(new Error('was granted')),
      (error: EnrichmentError) => error,
    ),
  );

describe('Quota', () => {
  test('grants at once while there is room, and charges both windows', async () => {
    const { quota } = start(2, 3);
    await clock.until(
      Promise.all([quota.acquire(waiting(0), 'interactive'), quota.acquire(waiting(0), 'interactive')]),
    );
    expect(quota.view()).toEqual({
      asOf: '2026-11-23T18:00:00.000Z',
      minute: { limit: 2, remaining: 0 },
      hour: { limit: 3, remaining: 1 },
    });
  });

  test('who comes too late is refused at once with the exact wait, each with its own', async () => {
    const { quota } = start(1);
    (await clock.until(quota.acquire(waiting(0), 'interactive'))).settle(true);
    await clock.pass(12_000);
    const refused = await Promise.all([
      refusal(quota.acquire(waiting(20_000), 'interactive')),
      refusal(quota.acquire(waiting(20_000), 'interactive')),
    ]);
    expect(clock.monotonicMs()).toBe(12_000);
    expect(refused.map(({ kind, retryAtMs }) => ({ kind, retryAtMs }))).toEqual([
      { kind: 'quota-exhausted', retryAtMs: 62_000 },
      { kind: 'quota-exhausted', retryAtMs: 124_000 },
    ]);
    expect(refused[0]?.message).toContain('Ask again in 50 s');
    expect(refused[0]?.message).toContain('1 a minute and 1500 an hour');
    expect(quota.view().hour?.remaining).toBe(1499);
    expect(clock.sleeping).toBe(0);
  });

  test('who can wait long enough waits, in the order of asking', async () => {
    const { quota } = start(1);
    const granted: [string, number][] = [];
    const ask = async (name: string, untilMs: number) => {
      (await quota.acquire(waiting(untilMs), 'interactive')).settle(true);
      granted.push([name, clock.monotonicMs()]);
    };
    const [, second, third, late] = [
      ask('first', 0),
      ask('second', 62_000),
      ask('third', 124_000),
      ask('late', 185_999),
    ];
    await expect(late).rejects.toMatchObject({ retryAtMs: 186_000 });
    await clock.until(Promise.all([second, third]));
    expect(granted).toEqual([
      ['first', 0],
      ['second', 62_000],
      ['third', 124_000],
    ]);
  });

  test('no more than 32 calls are in flight; a call that ends makes room for the next', async () => {
    const { quota } = start(100);
    const permits: Permit[] = [];
    for (let caller = 0; caller < 40; caller++) {
      quota.acquire(waiting(0), 'interactive').then((permit) => permits.push(permit));
    }
    await clock.settle();
    expect(permits).toHaveLength(32);
    permits[0]?.settle(true);
    await clock.settle();
    expect(permits).toHaveLength(33);
    expect(clock.sleeping).toBe(0); // a call that ends is what is waited for, not time
    for (const permit of permits.slice(1, 9)) permit.settle(true);
    await clock.settle();
    expect(permits).toHaveLength(40);
  });

  test('who leaves is rejected with its reason, and leaves neither a place nor an alarm behind', async () => {
    const { quota } = start(1);
    (await clock.until(quota.acquire(waiting(0), 'interactive'))).settle(true);
    const leaver = new AbortController();
    const left = quota.acquire(waiting(62_000, leaver.signal), 'interactive');
    await clock.settle();
    expect(clock.sleeping).toBe(1);
    const stays = quota.acquire(waiting(124_000), 'interactive');
    leaver.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await clock.until(stays);
    expect(clock.monotonicMs()).toBe(62_000);

    const last = new AbortController();
    const alsoLeft = quota.acquire(waiting(124_000, last.signal), 'interactive');
    await clock.settle();
    expect(clock.sleeping).toBe(1);
    last.abort(new Error('gone'));
    await expect(alsoLeft).rejects.toThrow('gone');
    await clock.settle();
    expect(clock.sleeping).toBe(0);
  });

  test('who is gone already is rejected, and not charged', async () => {
    const { quota } = start(1);
    await expect(
      quota.acquire(waiting(0, AbortSignal.abort(new Error('gone'))), 'interactive'),
    ).rejects.toThrow('gone');
    expect(quota.view().minute.remaining).toBe(1);
  });

  test('a pause stops everyone: who can wait waits, the others are refused at once', async () => {
    const { quota } = start(100);
    const running = await clock.until(quota.acquire(waiting(0), 'interactive'));
    const pausing = quota.pause(5_000);
    const patient = quota.acquire(waiting(5_000), 'interactive');
    const impatient = await refusal(quota.acquire(waiting(4_999), 'interactive'));
    expect(impatient.retryAtMs).toBe(5_000);
    expect(clock.monotonicMs()).toBe(0);
    await clock.until(Promise.all([patient, pausing]));
    expect(clock.monotonicMs()).toBe(5_000);
    running.settle(true);
  });

  test('a pause that comes while callers wait is heeded, and a shorter one does not shorten it', async () => {
    const { quota } = start(1);
    (await clock.until(quota.acquire(waiting(0), 'interactive'))).settle(true);
    const patient = quota.acquire(waiting(200_000), 'interactive');
    const impatient = quota
      .acquire(waiting(130_000), 'interactive')
      .catch(({ retryAtMs }: EnrichmentError) => retryAtMs);
    await clock.settle();
    await quota.pause(100_000);
    await quota.pause(1_000);
    expect(await impatient).toBe(162_000);
    expect(clock.monotonicMs()).toBe(0);
    await clock.until(patient);
    expect(clock.monotonicMs()).toBe(100_000);
  });

  test('a caller whose time is extended while it waits is judged by its new time', async () => {
    const { quota } = start(1);
    (await clock.until(quota.acquire(waiting(0), 'interactive'))).settle(true);
    let untilMs = 62_000;
    const extended = quota.acquire(
      { untilMs: () => untilMs, signal: new AbortController().signal },
      'interactive',
    );
    await clock.settle();
    untilMs = 100_000;
    await quota.pause(90_000);
    await clock.until(extended);
    expect(clock.monotonicMs()).toBe(90_000);
  });

  test('a call that took longer than the guard counts from when it ended', async () => {
    const { quota } = start(1);
    const slow = await clock.until(quota.acquire(waiting(0), 'interactive'));
    await clock.pass(2_000);
    slow.settle(true);
    await clock.settle();
    expect((await refusal(quota.acquire(waiting(3_000), 'interactive'))).retryAtMs).toBe(62_000);
    await clock.pass(60_000);
    const slower = await clock.until(quota.acquire(waiting(62_000), 'interactive'));
    await clock.pass(8_000);
    slower.settle(true);
    await clock.settle();
    expect((await refusal(quota.acquire(waiting(71_000), 'interactive'))).retryAtMs).toBe(
      70_000 - 2_000 + 62_000,
    );
  });

  test('a call that was never sent costs no permit: who waits gets it at once, and both windows are as before', async () => {
    const { quota } = start(1, 1);
    const unsent = await clock.until(quota.acquire(waiting(0), 'interactive'));
    await clock.pass(5_000);
    const next = quota.acquire(waiting(4_000_000), 'interactive');
    await clock.settle();
    unsent.settle(false);
    (await clock.until(next)).settle(true);
    expect(clock.monotonicMs()).toBe(5_000);
    expect(quota.view()).toMatchObject({ minute: { remaining: 0 }, hour: { remaining: 0 } });
  });

  test('of several calls charged together only the one that was never sent is given back', async () => {
    const { quota } = start(3);
    const permits = await clock.until(
      Promise.all([1, 2, 3].map(() => quota.acquire(waiting(0), 'interactive'))),
    );
    permits[0]?.settle(false);
    permits[1]?.settle(true);
    permits[2]?.settle(true);
    await clock.settle();
    expect(quota.view().minute.remaining).toBe(1);
  });

  test('half an hour in which no call can be sent uses up nothing of the hour', async () => {
    const { quota } = start(100, 1500);
    for (let minute = 0; minute < 30; minute++) {
      for (let call = 0; call < 80; call++) {
        (await clock.until(quota.acquire(waiting(clock.monotonicMs()), 'interactive'))).settle(false);
      }
      await clock.pass(60_000);
    }
    expect(quota.view().hour?.remaining).toBe(1500);
  });

  test('a ledger that fails refuses everyone with its error, and is asked again by the next', async () => {
    const ledger = new MemoryLedger(clock, priorityWindows({ perMinute: 1, perHour: 1500 }, 0));
    let fails = true;
    const failing: Ledger = {
      prepare: () => ledger.prepare(),
      take: (wanted) => (fails ? Promise.reject(new Error('store down')) : ledger.take(wanted)),
      settle: () => Promise.reject(new Error('store down')),
      release: () => Promise.reject(new Error('store down')),
      pause: (untilMs) => ledger.pause(untilMs),
      forecast: (demand) => ledger.forecast(demand),
      stop: () => {},
      view: () => ledger.view(),
    };
    const quota = new Quota(clock, failing);
    const both = await Promise.allSettled([
      quota.acquire(waiting(0), 'interactive'),
      quota.acquire(waiting(100_000), 'interactive'),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    const permit = await clock.until(quota.acquire(waiting(0), 'interactive'));
    // A correction that fails does not keep the next caller from being served.
    await clock.pass(10_000);
    permit.settle(true);
    await clock.until(quota.acquire(waiting(200_000), 'interactive'));
    expect(clock.monotonicMs()).toBe(62_000);
  });

  test('on a clock that goes on between any two looks, as a real one does, who waits is served at the moment forecast', async () => {
    let looks = 0;
    const real = { ...clock, epochMs: () => 0, monotonicMs: () => clock.monotonicMs() + looks++ * 1e-6 };
    const quota = new Quota(
      real,
      new MemoryLedger(real, priorityWindows({ perMinute: 1, perHour: 1500 }, 0)),
    );
    (await clock.until(quota.acquire(waiting(0.5), 'interactive'))).settle(true);
    await clock.until(quota.acquire(waiting(62_001), 'interactive'));
    expect(clock.monotonicMs()).toBeCloseTo(62_000, 1);
    expect(looks).toBeLessThan(100);
  });

  test('a quota that is stopped leaves no alarm behind', async () => {
    const { quota } = start(1);
    (await clock.until(quota.acquire(waiting(0), 'interactive'))).settle(true);
    const waits = quota.acquire(waiting(100_000), 'interactive');
    await clock.settle();
    expect(clock.sleeping).toBe(1);
    quota.stop();
    await expect(waits).rejects.toMatchObject({ kind: 'app-stopping' });
    expect(clock.sleeping).toBe(0);
  });

  test('all who are refused with the same wait share one error', async () => {
    const { quota } = start(100);
    const asked = Array.from({ length: 10_000 }, () => quota.acquire(waiting(1_000), 'interactive'));
    for (const permit of asked.slice(0, 100)) permit.then((one) => one.settle(true));
    const refused = await clock.until(Promise.allSettled(asked.slice(100)));
    const errors = refused.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(errors).toHaveLength(9_900);
    expect(new Set(errors).size).toBe(99); // a hundred for each minute to come
    for (const { retryAtMs, message } of errors) {
      expect(message).toContain(`${Math.ceil(retryAtMs / 1_000)} s`);
    }
  });

  test.each([1_000, 10_000])(
    '%i waiters cost in proportion: each is looked at a few times, however many wait',
    async (count) => {
      const ledger = new MemoryLedger(clock, priorityWindows({ perMinute: 100_000, perHour: 100_000 }, 0));
      let lookedAhead = 0;
      const counting = Object.create(ledger, {
        forecast: {
          value: (demand: Demand) => {
            lookedAhead += demand.interactive + demand.background;
            return ledger.forecast(demand);
          },
        },
        take: { value: (wanted: () => Demand) => ledger.take(wanted) },
        settle: { value: (charge: Charge, endedAtMs: number) => ledger.settle(charge, endedAtMs) },
      });
      const quota = new Quota(clock, counting);
      const calls = Array.from({ length: count }, async () => {
        const permit = await quota.acquire(waiting(1e9), 'interactive');
        await clock.sleep(200);
        permit.settle(true);
      });
      await clock.until(Promise.all(calls));
      expect(lookedAhead / count).toBeLessThan(40); // the 32 that may be in flight, and a few
    },
  );

  test('ten thousand who leave at one moment are gone at once, and what is left is served', async () => {
    const { quota } = start(1);
    (await clock.until(quota.acquire(waiting(0), 'interactive'))).settle(true);
    const leaving = new AbortController();
    setMaxListeners(0, leaving.signal);
    const left = Array.from({ length: 10_000 }, () =>
      quota.acquire(waiting(1e12, leaving.signal), 'interactive').catch(({ message }) => message),
    );
    const stays = quota.acquire(waiting(1e12), 'interactive');
    await clock.settle();
    leaving.abort(new Error('gone'));
    expect(new Set(await Promise.all(left))).toEqual(new Set(['gone']));
    await clock.until(stays);
    expect(clock.monotonicMs()).toBe(62_000);
  });

  test('a ledger that cannot even tell what is left refuses, and does not jam', async () => {
    const ledger = new MemoryLedger(clock, priorityWindows({ perMinute: 1, perHour: 1500 }, 0));
    let fails = true;
    const failing: Ledger = {
      prepare: () => ledger.prepare(),
      take: (wanted) => ledger.take(wanted),
      settle: (charge, endedAtMs) => ledger.settle(charge, endedAtMs),
      release: (charge) => ledger.release(charge),
      pause: (untilMs) => ledger.pause(untilMs),
      forecast: (demand) => {
        if (fails) throw new Error('unknown');
        return ledger.forecast(demand);
      },
      stop: () => {},
      view: () => ledger.view(),
    };
    const quota = new Quota(clock, failing);
    await expect(quota.acquire(waiting(0), 'interactive')).rejects.toThrow('unknown');
    fails = false;
    await clock.until(quota.acquire(waiting(0), 'interactive'));
  });
});

test('callers in any rhythm, with calls of any length up to a time-out, never break a window at the receiver', async () => {
  const caller = fc.record({
    gapMs: fc.oneof(fc.nat(1_000), fc.nat(30_000)),
    patienceMs: fc.nat(220_000),
    /** How long the call takes, and when within that it arrives. */
    tookMs: fc.oneof(fc.nat(1_900), fc.nat(10_000)),
    arrives: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(caller, { minLength: 1, maxLength: 60 }), async (callers) => {
      clock = new VirtualClock();
      const { quota } = start(4, 12);
      const arrivals: number[] = [];
      const work: Promise<void>[] = [];
      for (const { gapMs, patienceMs, tookMs, arrives } of callers) {
        await clock.pass(gapMs);
        const askedMs = clock.monotonicMs();
        const call = async () => {
          const permit = await quota.acquire(waiting(askedMs + patienceMs), 'interactive');
          expect(clock.monotonicMs()).toBeLessThanOrEqual(askedMs + patienceMs);
          arrivals.push(clock.monotonicMs() + tookMs * arrives);
          await clock.sleep(tookMs);
          permit.settle(true);
        };
        work.push(
          call().catch((error: EnrichmentError) => {
            expect(error.kind).toBe('quota-exhausted');
            expect(error.retryAtMs).toBeGreaterThan(askedMs + patienceMs);
          }),
        );
      }
      await clock.until(Promise.all(work));
      arrivals.sort((a, b) => a - b);
      expect(mostInAnyWindow(arrivals, 60_000)).toBeLessThanOrEqual(4);
      expect(mostInAnyWindow(arrivals, 3_600_000)).toBeLessThanOrEqual(12);
      expect(clock.sleeping).toBe(0);
    }),
    { numRuns: 100 },
  );
});
