import type { Outcome } from './outcome.js';

/** How far this question to Defender has come. */
export interface Progress {
  /** Calls made so far, the one just ended included. */
  readonly attempts: number;
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
export type Failure = Exclude<Outcome, { kind: 'answered' } | { kind: 'not-found' }>;

const MOST_ATTEMPTS = 3;
/** A body that is not the API's was seen from proxies for a moment; more than one retry never helped. */
const MOST_ATTEMPTS_MALFORMED = 2;
const FIRST_BACKOFF_MS = 500;
/** When to come back after a failure that is known to pass but not when. */
const COME_BACK_MS = 10_000;

/**
 * What follows from a failed call. Pure: no clock, no chance of its own.
 *
 * Throttling and the upstream's absence are retried within the caller's time, a wrong token once with
 * another one, and nothing else: a 400 or 403 is the same the second time.
 */
export function decide(failure: Failure, progress: Progress): Verdict {
  switch (failure.kind) {
    case 'throttled': {
      const ms = pauseMs(failure.retryAfterMs, progress);
      const again = progress.attempts < MOST_ATTEMPTS && ms < progress.remainingMs;
      return { kind: 'pause', pauseMs: ms, again };
    }
    case 'unavailable':
      return retryOrFail(MOST_ATTEMPTS, progress, failure.retryAfterMs);
    case 'unreachable':
    case 'timed-out':
      return retryOrFail(MOST_ATTEMPTS, progress);
    case 'malformed':
      return retryOrFail(MOST_ATTEMPTS_MALFORMED, progress);
    case 'unauthorized':
      return progress.tokenRenewed ? { kind: 'fail' } : { kind: 'renew-token' };
    case 'forbidden':
    case 'refused':
    case 'untrusted':
    case 'redirected':
    case 'too-large':
      return { kind: 'fail' };
  }
}

/** How long nobody who shares the quota may call after a 429, which may say so itself. */
export function pauseMs(
  retryAfterMs: number | undefined,
  progress: Pick<Progress, 'attempts' | 'random'>,
): number {
  return retryAfterMs ?? 2 * backoffMs(progress);
}

function retryOrFail(mostAttempts: number, progress: Progress, retryAfterMs?: number): Verdict {
  const waitMs = retryAfterMs ?? backoffMs(progress);
  if (progress.attempts < mostAttempts && waitMs < progress.remainingMs) return { kind: 'retry', waitMs };
  return { kind: 'fail', retryAfterMs: retryAfterMs ?? COME_BACK_MS };
}

/** Doubles with each attempt; half of it is chance, so that callers do not come back in step. */
function backoffMs({ attempts, random }: Pick<Progress, 'attempts' | 'random'>): number {
  return FIRST_BACKOFF_MS * 2 ** (attempts - 1) * (0.5 + random / 2);
}
