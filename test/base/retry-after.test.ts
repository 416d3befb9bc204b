import { describe, expect, test } from '@jest/globals';
import { parseRetryAfter } from '../../shared/base/web.js';
import fc from '../support/properties.js';

const NOW = Date.UTC(2026, 10, 23, 18, 0, 0);
const HOUR = 3_600_000;
const waitOf = (retryAfter: string | null, sent: string | null, nowMs: number) =>
  parseRetryAfter(retryAfter, sent, nowMs, HOUR);
const date = (ms: number) => new Date(ms).toUTCString();

describe('parseRetryAfter', () => {
  test.each([
    ['0', 0],
    ['2', 2_000],
    [' 2 ', 2_000],
    ['007', 7_000],
    ['3600', HOUR],
    ['3601', HOUR],
    ['1000000000', HOUR],
  ])('%s seconds are taken, the longest wait at most', (value, ms) => {
    expect(waitOf(value, null, NOW)).toBe(ms);
  });

  test('a number without end is the longest wait as well', () => {
    expect(waitOf('9'.repeat(400), null, NOW)).toBe(HOUR);
  });

  test.each([null, '', ' ', '-1', '+1', '1.5', '1e9', '0x10', '2, 3', '2 s', 'soon', 'NaN', '1/1/2027'])(
    '%p says nothing usable',
    (value) => {
      expect(waitOf(value, null, NOW)).toBeUndefined();
    },
  );

  test.each([
    ['Mon, 23 Nov 2026 18:00:05 GMT', 5_000],
    ['Monday, 23-Nov-26 18:00:05 GMT', 5_000],
    ['Mon, 23 Nov 2026 17:00:00 GMT', 0],
    ['Tue, 24 Nov 2026 18:00:00 GMT', HOUR],
  ])('%s is a date, read against our own calendar where the answer has none', (value, ms) => {
    expect(waitOf(value, null, NOW)).toBe(ms);
    expect(waitOf(value, 'not a date', NOW)).toBe(ms);
  });

  test.each([
    'Mon Nov 23 18:00:05 2026',
    'Mon, 23 Nov 2026 18:00:05',
    'Mon, 99 Foo 2026 18:00:05 GMT',
    'Mon, 23 Nov 2026 18:00:05 GMT+0200',
    '(x) Mon, 23 Nov 2026 18:00:05 GMT',
    'GMT',
  ])('%s is no date that means the same everywhere', (value) => {
    expect(waitOf(value, null, NOW)).toBeUndefined();
  });

  test("a date is read against the answer's own, however wrong both clocks are", () => {
    for (const skew of [-600_000, 0, 600_000, 86_400_000]) {
      expect(waitOf(date(NOW + skew + 3_000), date(NOW + skew), NOW)).toBe(3_000);
    }
  });

  test('whatever comes in, what comes out is at most the longest wait, or nothing', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.double().map(String),
      fc.date().map((at) => at.toUTCString()),
    );
    fc.assert(
      fc.property(fc.option(value), fc.option(value), fc.double(), (retryAfter, sent, now) => {
        const ms = waitOf(retryAfter, sent, Number.isFinite(now) ? now : 0);
        if (ms === undefined) return;
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(HOUR);
      }),
      { numRuns: 2_000 },
    );
  });
});
