import { describe, expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import { simulate } from './instances.js';

/** 3,000 alerts at 1,500 an hour and 100 a minute: 15 batches from minute 0, 15 from minute 60. */
const OPTIMUM_MINUTES = 74;

describe('3,000 alerts in virtual time, with the real quota', () => {
  test.each([
    { instances: 1, seed: 1 },
    { instances: 4, seed: 2 },
    { instances: 16, seed: 3 },
  ])(
    '$instances instances: within 1% of the optimum, and never over a limit',
    async ({ instances, seed }) => {
      const outcome = await simulate({ instances, alerts: 3_000, seed, perMinute: 100, perHour: 1_500 });
      const perCall = (outcome.reads + outcome.writes) / outcome.granted;
      expect(outcome.minutes).toBeGreaterThan(OPTIMUM_MINUTES);
      expect(outcome.minutes).toBeLessThan(OPTIMUM_MINUTES * 1.01);
      expect(outcome.refused).toBe(0);
      expect(outcome.arrivals).toHaveLength(3_000);
      expect(mostInAnyWindow(outcome.arrivals, 60_000)).toBe(100);
      expect(mostInAnyWindow(outcome.arrivals, 3_600_000)).toBe(1_500);
      // Handed out once each: as many permits as charges.
      expect(outcome.granted).toBe(3_000);
      expect(outcome.charged).toBe(3_000);
      expect(perCall).toBeLessThan(1.5);
    },
  );
});
