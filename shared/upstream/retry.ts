import type { Answered, Malformed, Outcome } from './outcome.js';

/** How far this question has come. */
export interface Progress {
  /** Calls made so far, the one just ended included. */
  readonly attempts: number;
  /**
   * Questions before this one, without an answered one among them, that the API's absence left without an
   * answer.
   */
  readonly failedInARow: number;
  /** Whether the token was asked for again after a 401, and was another one. */
  readonly tokenRenewed: boolean;
  /** How much longer an answer is of use. */
  readonly remainingMs: number;
  /** From 0 to below 1. */
  readonly random: number;
}

/** What to do after a call that brought no answer. */
export type Verdict =
  /** Call again after `waitMs`. */
  | { readonly kind: 'retry'; readonly waitMs: number }
  /** Nobody who shares the quota may call for `pauseMs`; then call again, if `again`. */
  | { readonly kind: 'pause'; readonly pauseMs: number; readonly again: boolean }
  /** Ask for the token once more, and call again if it is another one. */
  | { readonly kind: 'renew-token' }
  /** Give up. `retryAfterMs`: when it is worth asking again; absent where waiting does not help. */
  | { readonly kind: 'fail'; readonly retryAfterMs?: number };

/** An outcome that is no answer. */
export type Failure = Exclude<Outcome, Answered | { kind: 'not-found' }> | Malformed;

/**
 * The policy: how often a question is asked at the most, by how the last call ended. What is not named is
 * the same the second time. A body that is not the API's comes from proxies, for a moment: more than one
 * retry never helped.
 */
const MOST_ATTEMPTS: Partial<Record<Failure['kind'], number>> = {
  throttled: 3,
  unavailable: 3,
  unreachable: 3,
  'timed-out': 3,
  malformed: 2,
};
/**
 * After so many failed questions in a row the API is away, and each further one costs one call. A choice.
 */
export const AWAY_AFTER = 5;
const FIRST_BACKOFF_MS = 500;
/** When to ask again after a failure that passes, though nobody knows when. */
export const ASK_AGAIN_AFTER_MS = 10_000;

/**
 * What follows from a failed call. Pure: no clock, no chance of its own.
 *
 * Throttling and the upstream's absence are retried within the caller's time, a wrong token once with
 * another one, and nothing else: a 400 or 403 is the same the second time.
 */
export function decide(failure: Failure, progress: Progress): Verdict {
  const most = MOST_ATTEMPTS[failure.kind];
  if (failure.kind === 'throttled') {
    const ms = pauseMs(failure.retryAfterMs, progress);
    return {
      kind: 'pause',
      pauseMs: ms,
      again: progress.attempts < (most ?? 1) && ms < progress.remainingMs,
    };
  }
  if (failure.kind === 'unauthorized') {
    return progress.tokenRenewed ? { kind: 'fail' } : { kind: 'renew-token' };
  }
  if (most === undefined) return { kind: 'fail' };
  const asked = failure.kind === 'unavailable' ? failure.retryAfterMs : undefined;
  const waitMs = asked ?? backoffMs(progress);
  const isAway = progress.failedInARow >= AWAY_AFTER;
  if (progress.attempts < most && !isAway && waitMs < progress.remainingMs) return { kind: 'retry', waitMs };
  return { kind: 'fail', retryAfterMs: asked ?? ASK_AGAIN_AFTER_MS };
}

/**
 * Whether a failure is one of the API's absence: of the whole, not of this question or of our standing
 * with it.
 */
export function isAbsence({ kind }: Failure): boolean {
  return kind !== 'throttled' && MOST_ATTEMPTS[kind] !== undefined;
}

/** How long everybody who shares the quota waits after a 429: as long as it says, else a backoff. */
export function pauseMs(
  retryAfterMs: number | undefined,
  progress: Pick<Progress, 'attempts' | 'random'>,
): number {
  return retryAfterMs ?? 2 * backoffMs(progress);
}

/** Doubles with each attempt; half of it is chance, so that callers do not come back in step. */
function backoffMs({ attempts, random }: Pick<Progress, 'attempts' | 'random'>): number {
  return FIRST_BACKOFF_MS * 2 ** (attempts - 1) * (0.5 + random / 2);
}
