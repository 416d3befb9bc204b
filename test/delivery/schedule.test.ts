import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nextHop } from '../../shared/delivery/next-hop.js';
import { longestSpareMs, waitBefore, waitWhileSpared } from '../../shared/delivery/schedule.js';
import { SCHEDULE_MS } from './deliveries-fixture.js';

const DAY_MS = 86_400_000;
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const schedule = fc.array(fc.integer({ min: 0, max: 36_000_000 }), { minLength: 1, maxLength: 12 });

test('no attempt comes sooner than its schedule says, nor later than a tenth more', () => {
  fc.assert(
    fc.property(schedule, fc.nat(20), chance, (steps, failed, random) => {
      const waitMs = waitBefore(steps, failed, undefined, random);
      const planned = steps[failed];
      if (planned === undefined) return expect(waitMs).toBeUndefined();
      expect(waitMs).toBeGreaterThanOrEqual(planned);
      expect(waitMs).toBeLessThanOrEqual(planned * 1.1);
    }),
  );
});

test('Retry-After lengthens a wait, and never shortens one, nor makes an attempt more', () => {
  fc.assert(
    fc.property(schedule, fc.nat(20), fc.nat(DAY_MS), chance, (steps, failed, askedMs, random) => {
      const waitMs = waitBefore(steps, failed, askedMs, random);
      const planned = steps[failed];
      if (planned === undefined) return expect(waitMs).toBeUndefined();
      expect(waitMs).toBeGreaterThanOrEqual(Math.max(planned, askedMs));
      expect(waitMs).toBeLessThanOrEqual(Math.max(planned, DAY_MS) * 1.1);
    }),
  );
});

test('a receiver that is spared is looked at again between a second and an hour later', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), chance, (askedMs, random) => {
      const waitMs = waitWhileSpared(askedMs, random);
      expect(waitMs).toBeGreaterThanOrEqual(1_000);
      expect(waitMs).toBeLessThanOrEqual(3_600_000 * 1.1);
    }),
  );
});

test('the usual schedule takes 27.6 hours, 31.3 with all chance against it and the margin', () => {
  expect(SCHEDULE_MS.reduce((sum, ms) => sum + ms, 0) / 3_600_000).toBeCloseTo(27.58, 1);
  expect(longestSpareMs(SCHEDULE_MS) / 3_600_000).toBeCloseTo(31.34, 1);
});

test('a trace goes on under another span id; what is no trace is none', () => {
  const given = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  fc.assert(
    fc.property(chance, (random) => {
      const next = nextHop(given, () => random) ?? '';
      expect(next).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
      expect(next).not.toContain('-0000000000000000-');
    }),
  );
  for (const none of [undefined, '', 'x', `${given}-more`, '01-x-y-z']) {
    expect(nextHop(none, Math.random)).toBeUndefined();
  }
});
