import { describe, expect, test } from '@jest/globals';
import { StoreClock } from '../../shared/quota/store-clock.js';
import fc from '../support/properties.js';

const EPOCH = Date.UTC(2026, 10, 23, 18);
/** An answer to a machine whose calendar goes on as its monotonic clock does. */
const answer = (storeTimeMs: number, sentMs: number, answeredMs: number, calendarMs = EPOCH) => ({
  storeTimeMs,
  sentMs,
  answeredMs,
  epochMs: calendarMs + answeredMs,
});
const toSecond = (ms: number) => Math.floor(ms / 1000) * 1000;

describe("the store's clock", () => {
  test('before the first answer it knows nothing', () => {
    const clock = new StoreClock();
    expect(clock.at(5)).toBeUndefined();
    expect(clock.localTime(EPOCH)).toBe(Number.NEGATIVE_INFINITY);
  });

  test('one answer knows the time to a second and the time that the answer took', () => {
    const clock = new StoreClock();
    clock.learn(answer(EPOCH, 100, 140));
    const { earliestMs = 0, latestMs = 0 } = clock.at(140) ?? {};
    expect(earliestMs).toBeLessThanOrEqual(EPOCH);
    expect(latestMs).toBeGreaterThanOrEqual(EPOCH + 1_040);
    expect(latestMs - earliestMs).toBeLessThan(1_200);
  });

  test('forty answers know it to 200 ms', () => {
    const clock = new StoreClock();
    for (let n = 0; n < 40; n++) {
      const sentMs = n * 1_737;
      clock.learn(answer(toSecond(EPOCH + sentMs + 10), sentMs, sentMs + 20));
    }
    const { earliestMs = 0, latestMs = 0 } = clock.at(40 * 1_737) ?? {};
    expect(latestMs - earliestMs).toBeLessThan(200);
  });

  test('the true time is never outside of what is known, whatever drift and latency', () => {
    const exchange = fc.record({
      waitMs: fc.integer({ min: 0, max: 300_000 }),
      toMs: fc.double({ min: 0, max: 2_000, noNaN: true }),
      backMs: fc.double({ min: 0, max: 2_000, noNaN: true }),
      serverMs: fc.integer({ min: -50, max: 50 }),
    });
    const drift = fc.double({ min: -9e-5, max: 9e-5, noNaN: true });
    fc.assert(
      fc.property(fc.array(exchange, { minLength: 1, maxLength: 50 }), drift, (exchanges, rate) => {
        const clock = new StoreClock();
        const storeAt = (localMs: number) => EPOCH + 123 + localMs * (1 + rate);
        let nowMs = 0;
        for (const { waitMs, toMs, backMs, serverMs } of exchanges) {
          const sentMs = nowMs + waitMs;
          nowMs = sentMs + toMs + backMs;
          clock.learn(answer(toSecond(storeAt(sentMs + toMs) + serverMs), sentMs, nowMs));
          const laterMs = nowMs + waitMs;
          const { earliestMs = 0, latestMs = 0 } = clock.at(laterMs) ?? {};
          expect(earliestMs).toBeLessThanOrEqual(storeAt(laterMs));
          expect(latestMs).toBeGreaterThanOrEqual(storeAt(laterMs));
          // Whoever sleeps until a moment finds that it has come.
          const wakeMs = clock.localTime(latestMs + waitMs);
          expect(clock.at(wakeMs)?.earliestMs).toBeGreaterThanOrEqual(latestMs + waitMs);
        }
      }),
    );
  });

  test('a machine that slept: its calendar went on with the store, and the newest answer is believed', () => {
    const clock = new StoreClock();
    clock.learn(answer(EPOCH, 0, 10));
    expect(clock.learn(answer(EPOCH + 301_000, 1_000, 1_010, EPOCH + 300_000))).toBe('as-known');
    const { earliestMs = 0, latestMs = 0 } = clock.at(1_010) ?? {};
    expect(earliestMs).toBeGreaterThan(EPOCH + 299_000);
    expect(latestMs).toBeLessThan(EPOCH + 302_200);
  });

  test.each([61_000, -61_000, 3_000, -3_000])(
    'a Date that jumps by %i ms alone: either time may be right from then on',
    (jumpMs) => {
      const clock = new StoreClock();
      clock.learn(answer(EPOCH, 0, 10));
      expect(clock.learn(answer(EPOCH + 1_000 + jumpMs, 1_000, 1_010))).toBe('jumped');
      expect(clock.learn(answer(EPOCH + 2_000 + jumpMs, 2_000, 2_010))).toBe('as-known');
      const { earliestMs = 0, latestMs = 0 } = clock.at(2_010) ?? {};
      expect(earliestMs).toBeLessThanOrEqual(EPOCH + 2_010 + Math.min(0, jumpMs));
      expect(latestMs).toBeGreaterThanOrEqual(EPOCH + 2_010 + Math.max(0, jumpMs));
      // Whoever sleeps until a moment finds that it has come by the earlier time.
      expect(clock.at(clock.localTime(EPOCH + 90_000))?.earliestMs).toBeGreaterThanOrEqual(EPOCH + 90_000);
    },
  );

  test('a Date that jumped once and came back is forgotten', () => {
    const clock = new StoreClock();
    for (const [n, jumpMs] of [0, 61_000, 0].entries()) {
      clock.learn(answer(EPOCH + n * 1_000 + jumpMs, n * 1_000, n * 1_000 + 10));
    }
    const { earliestMs = 0, latestMs = 0 } = clock.at(2_010) ?? {};
    expect(latestMs - earliestMs).toBeLessThan(1_300);
  });

  test('a Date that is off by more than any window is not used, unless three answers in a row say it', () => {
    const clock = new StoreClock();
    clock.learn(answer(0, 0, 10)); // the wrong one was the first
    const verdicts = [1, 2, 3].map((n) => clock.learn(answer(EPOCH + n * 1_000, n * 1_000, n * 1_000 + 10)));
    expect(verdicts).toEqual(['unusable', 'unusable', 'jumped']);
    expect(clock.at(3_010)?.earliestMs).toBeGreaterThan(EPOCH);
    expect(clock.learn(answer(0, 4_000, 4_010))).toBe('unusable');
    expect(clock.learn(answer(EPOCH + 5_000, 5_000, 5_010))).toBe('as-known');
    expect(clock.learn(answer(0, 6_000, 6_010))).toBe('unusable'); // not in a row
  });
});
