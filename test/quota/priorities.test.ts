import { describe, expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import { nextTimes, priorityWindows } from '../../shared/quota/priorities.js';
import { type CallLog, withCalls } from '../../shared/quota/sliding-log.js';
import fc from '../support/properties.js';

const MINUTE_MS = 62_000;

describe('lanes', () => {
  test('with nothing called, background work gets the quota less the reserve, now', () => {
    const windows = priorityWindows({ perMinute: 100, perHour: 1500 }, 20);
    const times = nextTimes([], windows, 5_000, { interactive: 0, background: 100 });
    expect(times.filter((at) => at === 5_000)).toHaveLength(80);
    expect(times[80]).toBe(5_000 + MINUTE_MS);
  });

  test('interactive calls use the reserve after background work has used the rest', () => {
    const windows = priorityWindows({ perMinute: 100, perHour: 1500 }, 20);
    const log = withCalls([], 1_000, 80);
    expect(nextTimes(log, windows, 2_000, { interactive: 20, background: 1 })).toEqual([
      ...Array(20).fill(2_000),
      1_000 + MINUTE_MS,
    ]);
  });

  test('a limit of one still lets background work through', () => {
    const windows = priorityWindows({ perMinute: 1, perHour: 1 }, 90);
    expect(nextTimes([], windows, 0, { interactive: 0, background: 1 })).toEqual([0]);
  });

  test('whatever is asked for in whatever order: no window holds more than its limit, and none more background calls than their share', () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: 40_000 }),
      interactive: fc.integer({ min: 0, max: 8 }),
      background: fc.integer({ min: 0, max: 8 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 90 }), (steps, reserve) => {
        const windows = priorityWindows({ perMinute: 10, perHour: 40 }, reserve);
        let nowMs = 0;
        let log: CallLog = [];
        const calls: number[] = [];
        const background: number[] = [];
        for (const { waitMs, ...demand } of steps) {
          nowMs += waitMs;
          const times = nextTimes(log, windows, nowMs, demand);
          expect(times).toEqual(times.toSorted((one, other) => one - other));
          const granted = times.filter((at) => at <= nowMs).length;
          log = withCalls(log, nowMs, granted);
          for (let n = 0; n < granted; n++) {
            calls.push(nowMs);
            if (n >= demand.interactive) {
              background.push(nowMs);
              const shares = windows.background.map(({ limit, windowMs }) => [limit, windowMs] as const);
              for (const [limit, windowMs] of shares) {
                expect(calls.filter((at) => at > nowMs - windowMs).length).toBeLessThanOrEqual(limit);
              }
            }
          }
        }
        for (const { limit, windowMs } of windows.interactive) {
          expect(mostInAnyWindow(calls, windowMs)).toBeLessThanOrEqual(limit);
        }
        for (const { limit, windowMs } of windows.background) {
          expect(mostInAnyWindow(background, windowMs)).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });
});
