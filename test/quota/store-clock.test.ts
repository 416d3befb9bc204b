import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StoreClock } from '../../shared/quota/store-clock.js';

const EPOCH = Date.UTC(2026, 10, 23, 18);
const toSecond = (ms: number) => Math.floor(ms / 1000) * 1000;

describe("the store's clock", () => {
  test('before the first answer it knows nothing', () => {
    const clock = new StoreClock();
    expect(clock.at(5)).toBeUndefined();
    expect(clock.localTime(EPOCH)).toBe(Number.NEGATIVE_INFINITY);
  });

  test('one answer knows the time to a second and the time that the answer took', () => {
    const clock = new StoreClock();
    clock.learn(EPOCH, 100, 140);
    const { earliestMs = 0, latestMs = 0 } = clock.at(140) ?? {};
    expect(earliestMs).toBeLessThanOrEqual(EPOCH);
    expect(latestMs).toBeGreaterThanOrEqual(EPOCH + 1_040);
    expect(latestMs - earliestMs).toBeLessThan(1_200);
  });

  test('forty answers know it to 200 ms', () => {
    const clock = new StoreClock();
    for (let n = 0; n < 40; n++) {
      const sentMs = n * 1_737;
      clock.learn(toSecond(EPOCH + sentMs + 10), sentMs, sentMs + 20);
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
          clock.learn(toSecond(storeAt(sentMs + toMs) + serverMs), sentMs, nowMs);
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

  test('after a jump of either clock the newest answer is believed', () => {
    const clock = new StoreClock();
    clock.learn(EPOCH, 0, 10);
    clock.learn(EPOCH + 300_000, 1_000, 1_010); // this machine slept for five minutes
    const { earliestMs = 0, latestMs = 0 } = clock.at(1_010) ?? {};
    expect(earliestMs).toBeGreaterThan(EPOCH + 299_000);
    expect(latestMs).toBeLessThan(EPOCH + 301_200);
  });
});
