import { expect, test } from '@jest/globals';
import { CallLog, mostInAnyWindow } from '../../local/defender/windows.js';
import fc from '../support/properties.js';

/** Times in whole milliseconds, close enough together to crowd the windows below. */
const times = fc
  .array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 })
  .map((all) => all.toSorted((a, b) => a - b));
const limits = [
  { calls: 3, windowMs: 50 },
  { calls: 8, windowMs: 200 },
];

/** The definition, spelt out: start a window at every arrival and count. */
function mostByDefinition(arrivals: readonly number[], windowMs: number): number {
  return Math.max(
    0,
    ...arrivals.map((start) => arrivals.filter((at) => at >= start && at < start + windowMs).length),
  );
}

test('the most in any window is what counting says', () => {
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 100 }), (arrivals, windowMs) => {
      expect(mostInAnyWindow(arrivals, windowMs)).toBe(mostByDefinition(arrivals, windowMs));
    }),
  );
});

test('a call is let through exactly if no window that ends with it holds too many arrivals', () => {
  fc.assert(
    fc.property(times, (arrivals) => {
      const log = new CallLog(limits);
      arrivals.forEach((at, index) => {
        const soFar = arrivals.slice(0, index + 1);
        const fits = limits.every(
          ({ calls, windowMs }) => soFar.filter((other) => other > at - windowMs).length <= calls,
        );
        expect(log.arrive(at) === 0).toBe(fits);
      });
    }),
  );
});

test('whoever waits as told is let through, and a millisecond earlier is not', () => {
  /** The wait of the last of these calls. */
  const lastWaitMs = (arrivals: readonly number[]) => {
    const log = new CallLog(limits);
    return arrivals.map((at) => log.arrive(at)).at(-1) ?? 0;
  };
  fc.assert(
    fc.property(times, (arrivals) => {
      const waitMs = lastWaitMs(arrivals);
      fc.pre(waitMs > 0);
      const again = (arrivals.at(-1) ?? 0) + waitMs;
      expect(lastWaitMs([...arrivals, again])).toBe(0);
      expect(lastWaitMs([...arrivals, again - 1])).toBeGreaterThan(0);
    }),
  );
});
