import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide, type Failure, type Progress } from '../../shared/defender/retry.js';

const upstream = undefined;
const at = (progress: Partial<Progress> = {}): Progress => ({
  attempts: 1,
  tokenRenewed: false,
  remainingMs: 20_000,
  random: 0.5,
  ...progress,
});
const unavailable = (retryAfterMs?: number): Failure => ({
  kind: 'unavailable',
  status: 503,
  retryAfterMs,
  upstream,
});
const throttled = (retryAfterMs?: number): Failure => ({ kind: 'throttled', retryAfterMs, upstream });

describe('decide', () => {
  test.each<[Failure, number]>([
    [unavailable(), 3],
    [{ kind: 'unreachable', code: 'ECONNRESET' }, 3],
    [{ kind: 'timed-out' }, 3],
    [{ kind: 'malformed', what: 'a page' }, 2],
  ])('%j: called %d times, with a growing wait, then failed with a time to come back', (failure, calls) => {
    for (let attempts = 1; attempts < calls; attempts++) {
      expect(decide(failure, at({ attempts }))).toEqual({ kind: 'retry', waitMs: 375 * 2 ** (attempts - 1) });
    }
    expect(decide(failure, at({ attempts: calls }))).toEqual({
      kind: 'fail',
      retryAfterMs: 10_000,
    });
  });

  test('half of a wait is chance', () => {
    expect(decide(unavailable(), at({ random: 0 }))).toEqual({ kind: 'retry', waitMs: 250 });
    expect(decide(unavailable(), at({ random: 0.998 }))).toEqual({ kind: 'retry', waitMs: 499.5 });
  });

  test("the upstream's own wait counts, with a retry and with a failure", () => {
    expect(decide(unavailable(3_000), at())).toEqual({ kind: 'retry', waitMs: 3_000 });
    expect(decide(unavailable(0), at())).toEqual({ kind: 'retry', waitMs: 0 });
    expect(decide(unavailable(3_000), at({ attempts: 3 }))).toMatchObject({
      kind: 'fail',
      retryAfterMs: 3_000,
    });
  });

  test('a wait that would take all of the time is not begun', () => {
    expect(decide(unavailable(3_000), at({ remainingMs: 3_001 }))).toMatchObject({ kind: 'retry' });
    expect(decide(unavailable(3_000), at({ remainingMs: 3_000 }))).toMatchObject({ kind: 'fail' });
    expect(decide(throttled(3_000), at({ remainingMs: 3_001 }))).toMatchObject({ again: true });
    expect(decide(throttled(3_000), at({ remainingMs: 3_000 }))).toMatchObject({ again: false });
  });

  test('429 stops everyone, in any case', () => {
    expect(decide(throttled(2_000), at())).toEqual({ kind: 'pause', pauseMs: 2_000, again: true });
    expect(decide(throttled(2_000), at({ attempts: 2 }))).toEqual({
      kind: 'pause',
      pauseMs: 2_000,
      again: true,
    });
    expect(decide(throttled(2_000), at({ attempts: 3 }))).toEqual({
      kind: 'pause',
      pauseMs: 2_000,
      again: false,
    });
    expect(decide(throttled(), at())).toEqual({ kind: 'pause', pauseMs: 750, again: true });
    expect(decide(throttled(), at({ attempts: 2 }))).toEqual({ kind: 'pause', pauseMs: 1_500, again: true });
  });

  test('401: another token once', () => {
    const unauthorized: Failure = { kind: 'unauthorized', upstream };
    expect(decide(unauthorized, at())).toEqual({ kind: 'renew-token' });
    expect(decide(unauthorized, at({ tokenRenewed: true }))).toEqual({
      kind: 'fail',
    });
  });

  test.each<Failure>([
    { kind: 'forbidden', upstream },
    { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' },
    { kind: 'redirected', status: 302 },
    { kind: 'too-large' },
    { kind: 'refused', status: 400, upstream },
  ])('%j: failed at once, for somebody to mend', (failure) => {
    expect(decide(failure, at())).toEqual({ kind: 'fail' });
  });

  test('whatever happens, there are at most four calls, and no wait as long as the time that is left', () => {
    const wait = fc.option(fc.nat(3_600_000), { nil: undefined });
    const failure = fc.oneof(
      wait.map(unavailable),
      wait.map(throttled),
      fc.constantFrom<Failure>(
        { kind: 'unreachable', code: 'X' },
        { kind: 'timed-out' },
        { kind: 'malformed', what: 'x' },
        { kind: 'unauthorized', upstream },
        { kind: 'forbidden', upstream },
        { kind: 'too-large' },
      ),
    );
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const steps = fc.array(fc.tuple(failure, random, fc.nat(10_000)), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 220_000 }), (failures, allowedMs) => {
        let remainingMs = allowedMs;
        let tokenRenewed = false;
        let attempts = 0;
        for (const [failed, chance, tookMs] of failures) {
          attempts++;
          remainingMs -= tookMs;
          const verdict = decide(failed, { attempts, tokenRenewed, remainingMs, random: chance });
          if (verdict.kind === 'fail' || (verdict.kind === 'pause' && !verdict.again)) break;
          if (verdict.kind === 'renew-token') tokenRenewed = true;
          else {
            const waitMs = verdict.kind === 'retry' ? verdict.waitMs : verdict.pauseMs;
            expect(waitMs).toBeGreaterThanOrEqual(0);
            expect(waitMs).toBeLessThan(remainingMs);
            remainingMs -= waitMs;
          }
        }
        expect(attempts).toBeLessThanOrEqual(4);
      }),
      { numRuns: 2_000 },
    );
  });
});
