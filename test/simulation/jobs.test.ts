import { describe, expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import { simulateJobs } from './jobs.js';

/** Two large jobs at once, a small one when they have spent a few minutes' quota. */
const JOBS = [
  { atMs: 0, alerts: 1_300 },
  { atMs: 1_000, alerts: 700 },
  { atMs: 300_000, alerts: 3 },
];

describe('2,003 alerts in three jobs, in virtual time, with callers beside them', () => {
  test.each([
    { instances: 1, seed: 1 },
    { instances: 4, seed: 2 },
    { instances: 16, seed: 3 },
  ])(
    '$instances instances: within 1% of the optimum, nobody who waits is refused, no alert twice',
    async ({ instances, seed }) => {
      const outcome = await simulateJobs({ instances, seed, jobs: JOBS, interactivePerMinute: 4 });
      expect(outcome.endMinutes).toBeLessThan(outcome.optimumMinutes * 1.01);
      // The small one had its calls in the first window that came free.
      expect(outcome.minutes[2]).toBeLessThan(1.2);
      expect(outcome.unserved).toBe(0);
      // The call itself, and a swap or two of the ledger; never a window.
      expect(outcome.longestWaitMs).toBeLessThan(8_000);
      expect(outcome.interactive).toBeGreaterThan(200);
      expect(outcome.calls.size).toBe(2_003);
      expect([...outcome.calls.values()].every((calls) => calls === 1)).toBe(true);
      expect(outcome.arrivals).toHaveLength(2_003 + outcome.interactive);
      expect(outcome.refused).toBe(0);
      expect(mostInAnyWindow(outcome.arrivals, 60_000)).toBeLessThanOrEqual(100);
      expect(mostInAnyWindow(outcome.arrivals, 3_600_000)).toBeLessThanOrEqual(1_500);
    },
  );
});
