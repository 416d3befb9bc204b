import { describe, expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import {
  type CallLog,
  GUARD_MS,
  merged,
  missingFrom,
  nextCallTimes,
  remaining,
  windowsOf,
  withCalls,
  withCallsMoved,
  withoutCalls,
  withoutExpired,
} from '../../shared/quota/sliding-log.js';
import fc from '../support/properties.js';

describe('nextCallTimes', () => {
  const windows = [
    { limit: 2, windowMs: 100 },
    { limit: 3, windowMs: 1_000 },
  ];

  test('calls that fit are at once, the others when the call that is in their way has left its window', () => {
    expect(nextCallTimes([], windows, 50, 4)).toEqual([50, 50, 150, 1_050]);
    expect(nextCallTimes([0, 10], windows, 50, 2)).toEqual([100, 1_000]);
    expect(nextCallTimes([0, 10, 100], windows, 2_000, 1)).toEqual([2_000]);
    expect(nextCallTimes([0], windows, 5, 0)).toEqual([]);
  });

  test('a log that holds more than the limit, after a correction, is waited for as well', () => {
    expect(nextCallTimes([0, 40, 50], windows, 60, 1)).toEqual([1_000]);
    expect(nextCallTimes([0, 40, 50], [{ limit: 2, windowMs: 100 }], 60, 2)).toEqual([140, 150]);
  });
});

describe('the log', () => {
  test('stays in order', () => {
    expect(withCalls([1, 5], 5, 2)).toEqual([1, 5, 5, 5]);
    expect(withCalls([1, 5], 3, 2)).toEqual([1, 3, 3, 5]);
    expect(withCalls([], 3, 0)).toEqual([]);
  });

  test('moves calls, later or earlier', () => {
    expect(withCallsMoved([1, 5, 9, 9, 9], 9, 3, 2)).toEqual([1, 3, 3, 5, 9]);
    expect(withCallsMoved([1, 1, 5], 1, 3, 1)).toEqual([1, 3, 5]);
    expect(withCallsMoved([1, 1, 5], 1, 9, 1)).toEqual([1, 5, 9]);
    expect(withCallsMoved([1, 5], 5, 6, 1)).toEqual([1, 6]);
  });

  test('counts calls that it does not know', () => {
    expect(withCallsMoved([1, 2, 5], 2, 3, 2)).toEqual([1, 3, 3, 5]);
    expect(withCallsMoved([1, 5], 2, 3, 1)).toEqual([1, 3, 5]);
  });

  test('takes back calls that were not made, those of one moment only, and no more than there are', () => {
    expect(withoutCalls([1, 5, 5, 5, 9], 5, 2)).toEqual([1, 5, 9]);
    expect(withoutCalls([1, 5, 5, 9], 5, 0)).toEqual([1, 5, 5, 9]);
    expect(withoutCalls([1, 5, 5, 9], 5, 3)).toEqual([1, 9]);
    expect(withoutCalls([5, 9], 5, 1)).toEqual([9]);
    expect(withoutCalls([1, 9], 5, 1)).toEqual([1, 9]);
    expect(withoutCalls([], 5, 1)).toEqual([]);
  });

  test('forgets what has left the longest window, and nothing else', () => {
    const windows = [
      { limit: 9, windowMs: 10 },
      { limit: 9, windowMs: 100 },
    ];
    expect(withoutExpired([0, 1, 2], windows, 101)).toEqual([2]);
    expect(withoutExpired([0, 1, 2], windows, 99)).toEqual([0, 1, 2]);
    expect(withoutExpired([0, 1, 2], windows, 102)).toEqual([]);
    expect(withoutExpired([], windows, 102)).toEqual([]);
  });

  test('tells how much is left of a window', () => {
    const window = { limit: 3, windowMs: 100 };
    expect(remaining([0, 50], window, 99)).toBe(1);
    expect(remaining([0, 50], window, 100)).toBe(2);
    expect(remaining([0, 1, 2, 3], window, 50)).toBe(0);
  });
});

test('finds the calls that a log lacks, of several at one time as many as it lacks, and adds them in order', () => {
  expect(missingFrom([1, 2, 2, 5], [2, 2, 2, 4, 5, 9])).toEqual([2, 4, 9]);
  expect(missingFrom([1, 2], [])).toEqual([]);
  expect(missingFrom([], [1, 1])).toEqual([1, 1]);
  expect(merged([1, 5], [0, 3, 9])).toEqual([0, 1, 3, 5, 9]);
  const times = fc.array(fc.nat(20), { maxLength: 20 }).map((list) => list.sort((one, other) => one - other));
  fc.assert(
    fc.property(times, times, (log, known) => {
      const all = merged(log, missingFrom(log, known));
      const count = (list: readonly number[], of: number) => list.filter((at) => at === of).length;
      for (let at = 0; at <= 20; at++)
        expect(count(all, at)).toBe(Math.max(count(log, at), count(known, at)));
    }),
  );
});

test('an API without a limit by the hour has one window', () => {
  expect(windowsOf({ perMinute: 150 })).toEqual([{ limit: 150, windowMs: 62_000 }]);
});

test("the windows are Defender's and the guard's", () => {
  expect(windowsOf({ perMinute: 100, perHour: 1500 })).toEqual([
    { limit: 100, windowMs: 62_000 },
    { limit: 1500, windowMs: 3_602_000 },
  ]);
});

describe('any schedule of callers', () => {
  const limits = { perMinute: 3, perHour: 8 };
  const windows = windowsOf(limits);
  const gaps = fc.array(fc.oneof(fc.nat(5_000), fc.nat(70_000), fc.nat(1_000_000)), {
    minLength: 1,
    maxLength: 60,
  });

  /** Callers who arrive one after the other and call as soon as they may. */
  function callTimes(gapsMs: readonly number[]): { askedMs: number; calledMs: number; before: CallLog }[] {
    let log: CallLog = [];
    let nowMs = 0;
    return gapsMs.map((gap) => {
      nowMs += gap;
      const [calledMs = 0] = nextCallTimes(log, windows, nowMs, 1);
      const before = log;
      log = withCalls(log, calledMs, 1);
      return { askedMs: nowMs, calledMs, before };
    });
  }

  test('never breaks a window at the receiver, for any jitter below the guard', () => {
    const jitter = fc.array(fc.nat(GUARD_MS - 1), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(gaps, jitter, (gapsMs, jitterMs) => {
        const arrivals = callTimes(gapsMs).map(
          ({ calledMs }, index) => calledMs + (jitterMs[index] as number),
        );
        arrivals.sort((a, b) => a - b);
        expect(mostInAnyWindow(arrivals, 60_000)).toBeLessThanOrEqual(limits.perMinute);
        expect(mostInAnyWindow(arrivals, 3_600_000)).toBeLessThanOrEqual(limits.perHour);
      }),
    );
  });

  test('uses the capacity to the last permit: nobody waits while every window has room', () => {
    fc.assert(
      fc.property(gaps, (gapsMs) => {
        for (const { askedMs, calledMs, before } of callTimes(gapsMs)) {
          expect(calledMs).toBeGreaterThanOrEqual(askedMs);
          expect(windows.every((window) => remaining(before, window, calledMs) > 0)).toBe(true);
          if (calledMs === askedMs) continue;
          const justBefore = calledMs - 1;
          expect(windows.some((window) => remaining(before, window, justBefore) === 0)).toBe(true);
        }
      }),
    );
  });

  test('asking for several at once is asking one by one', () => {
    fc.assert(
      fc.property(gaps, fc.nat(20), (gapsMs, count) => {
        const log = callTimes(gapsMs).map(({ calledMs }) => calledMs);
        const nowMs = log.at(-1) as number;
        const together = nextCallTimes(log, windows, nowMs, count);
        let alone: CallLog = log;
        for (const expected of together) {
          expect(nextCallTimes(alone, windows, Math.max(nowMs, alone.at(-1) as number), 1)).toEqual([
            expected,
          ]);
          alone = withCalls(alone, expected, 1);
        }
        expect(together).toHaveLength(count);
      }),
    );
  });
});
