import { describe, expect, test } from '@jest/globals';
import { malformed } from '../../shared/upstream/outcome.js';
import { AWAY_AFTER, decide, type Failure, type Progress } from '../../shared/upstream/retry.js';
import fc from '../support/properties.js';
import { OUTCOMES, throttled } from './outcomes.js';

const at = (progress: Partial<Progress> = {}): Progress => ({
  attempts: 1,
  failedInARow: 0,
  tokenRenewed: false,
  remainingMs: 20_000,
  random: 0.5,
  ...progress,
});
const unavailable = (retryAfterMs?: number): Failure => ({
  ...OUTCOMES.unavailable,
  retryAfterMs,
});

describe('decide', () => {
  test.each<[Failure, number]>([
    [unavailable(), 3],
    [OUTCOMES.reset, 3],
    [OUTCOMES.refusedConnection, 3],
    [OUTCOMES.timedOut, 3],
    [malformed('a page'), 2],
  ])('%j: called %d times, with a growing wait, then failed with a time to come back', (failure, calls) => {
    for (let attempts = 1; attempts < calls; attempts++) {
      expect(decide(failure, at({ attempts }))).toEqual({ kind: 'retry', waitMs: 375 * 2 ** (attempts - 1) });
    }
    expect(decide(failure, at({ attempts: calls }))).toEqual({
      kind: 'fail',
      retryAfterMs: 10_000,
    });
  });

  test('after five failed questions in a row one attempt instead of three, with a time to come back', () => {
    for (const failure of [unavailable(), OUTCOMES.reset, OUTCOMES.timedOut, malformed('a page')]) {
      expect(decide(failure, at({ failedInARow: AWAY_AFTER - 1 }))).toMatchObject({ kind: 'retry' });
      expect(decide(failure, at({ failedInARow: AWAY_AFTER }))).toEqual({
        kind: 'fail',
        retryAfterMs: 10_000,
      });
    }
    // Defender's own word keeps its meaning.
    expect(decide(throttled(2_000), at({ failedInARow: AWAY_AFTER }))).toMatchObject({ again: true });
    expect(decide(OUTCOMES.unauthorized, at({ failedInARow: AWAY_AFTER }))).toEqual({ kind: 'renew-token' });
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
    const unauthorized: Failure = OUTCOMES.unauthorized;
    expect(decide(unauthorized, at())).toEqual({ kind: 'renew-token' });
    expect(decide(unauthorized, at({ tokenRenewed: true }))).toEqual({
      kind: 'fail',
    });
  });

  test.each<Failure>([
    OUTCOMES.forbidden,
    OUTCOMES.retired,
    OUTCOMES.untrusted,
    { kind: 'redirected', status: 302 },
    OUTCOMES.tooLarge,
    { kind: 'refused', status: 400, upstream: undefined },
  ])('%j: failed at once, for somebody to mend', (failure) => {
    expect(decide(failure, at())).toEqual({ kind: 'fail' });
  });

  test('whatever happens, there are at most four calls, and no wait as long as the time that is left', () => {
    const wait = fc.option(fc.nat(3_600_000), { nil: undefined });
    const failure = fc.oneof(
      wait.map(unavailable),
      wait.map(throttled),
      fc.constantFrom<Failure>(
        OUTCOMES.reset,
        OUTCOMES.timedOut,
        malformed('x'),
        OUTCOMES.unauthorized,
        OUTCOMES.forbidden,
        OUTCOMES.tooLarge,
      ),
    );
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const steps = fc.array(fc.tuple(failure, random, fc.nat(10_000)), { minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 0, max: 220_000 }),
        fc.nat(10),
        (failures, allowedMs, failedInARow) => {
          let remainingMs = allowedMs;
          let tokenRenewed = false;
          let attempts = 0;
          for (const [failed, chance, tookMs] of failures) {
            attempts++;
            remainingMs -= tookMs;
            const verdict = decide(failed, {
              attempts,
              failedInARow,
              tokenRenewed,
              remainingMs,
              random: chance,
            });
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
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
