import { heldUntilMs, OVERDUE_MS } from '../queue-work/claim.js';
import { type AlertFailure, type Job, type JobEnd, PENDING, pendingOf } from './job.js';

/**
 * What can become of a job, pure: the state as it is in, the state as it shall be out. They are carried
 * out by compare-and-swap, so that of two instances that decide at the same time one decides anew.
 */

/** A turn of work takes far less; a claim older than this is a dead worker's. */
export const CLAIM_MS = 120_000;

/** Tokens of one job. More equal posts than this begin a job of their own. */
const MOST_TOKENS = 1_000;

/** What a message's delivery is to do. */
export type ClaimVerdict =
  | { readonly kind: 'work'; readonly job: Job; readonly isTakeover: boolean }
  /** Its work is done, or another message's by now. */
  | { readonly kind: 'drop' }
  /** Somebody is at it; should that be a dead one, somebody has to look again at `atMs`. */
  | { readonly kind: 'look-again'; readonly atMs: number };

/**
 * Claims a job for the turn that a message stands for, so that a message delivered twice does its work
 * once. A message of a later generation was sent by a turn that did not live to write so.
 */
export function claim(job: Job, generation: number, by: string, nowMs: number): ClaimVerdict {
  if (job.end || generation < job.generation) return { kind: 'drop' };
  const heldMs = heldUntilMs(job.claim, by, nowMs);
  if (heldMs !== undefined) return { kind: 'look-again', atMs: heldMs };
  const claimed = { ...job, generation, claim: { by, untilMs: nowMs + CLAIM_MS } };
  return { kind: 'work', job: claimed, isTakeover: job.claim !== undefined };
}

/** What a turn of work came to. */
export interface Turn {
  readonly progress: string;
  readonly failures: readonly AlertFailure[];
  readonly fruitless: number;
  readonly expectedAtMs: number;
}

/** Ends a turn; undefined when the claim has been lost to another. */
export function release(job: Job, by: string, turn: Turn): Job | undefined {
  if (job.end || job.claim?.by !== by) return undefined;
  return { ...job, ...turn, generation: job.generation + 1, claim: undefined };
}

/**
 * Gives a turn up in the middle, so that the message's next delivery takes it over at once. What it had
 * brought by then is found again, as a dead worker's is.
 */
export function abandon(job: Job, by: string): Job | undefined {
  return job.end || job.claim?.by !== by ? undefined : { ...job, claim: { by, untilMs: 0 } };
}

/** Ends a job with its answer; undefined when the claim has been lost to another. */
export function finish(job: Job, by: string, turn: Turn, end: JobEnd): Job | undefined {
  if (job.end || job.claim?.by !== by) return undefined;
  return { ...job, ...turn, claim: undefined, end };
}

/**
 * Ends a job that could not be worked on, whoever holds it; undefined when it has ended already, or when the
 * message that says so is an old one.
 */
export function fail(job: Job, generation: number, reason: string, nowMs: number): Job | undefined {
  if (job.end || generation < job.generation) return undefined;
  return { ...job, claim: undefined, end: { kind: 'failed', atMs: nowMs, reason } };
}

/** Lets one more token open a running job; undefined when it is too late or there are too many. */
export function join(job: Job, token: string): Job | undefined {
  if (job.end || job.tokens.length >= MOST_TOKENS) return undefined;
  return { ...job, tokens: [...job.tokens, token] };
}

/**
 * Whether a job may be without a message: none of its turns has ever begun, and perhaps the first message
 * was never sent; or it ought to have ended long ago, and perhaps somebody has cleared the queue.
 */
export function mayLackMessage({ generation, claim, expectedAtMs }: Job, nowMs: number): boolean {
  return (generation === 0 && claim === undefined) || nowMs > expectedAtMs + OVERDUE_MS;
}

/** What somebody who asks for a job gets to see. */
export type JobView =
  | {
      readonly kind: 'running';
      readonly done: number;
      readonly total: number;
      readonly retryAfterSeconds: number;
    }
  | { readonly kind: 'ended'; readonly end: JobEnd }
  | { readonly kind: 'expired' }
  | { readonly kind: 'unknown' };

const HOUR_MS = 3_600_000;
/** For how long an expired result is said to have been there. */
export const GONE_MS = 24 * HOUR_MS;
/** A forecast for longer is worth little: other jobs come and go. */
const LONGEST_RETRY_SECONDS = 3_600;
/** A turn under way ends in seconds. */
const SHORTEST_RETRY_SECONDS = 2;

/** A job as it is at `nowMs`, when results are kept for so many hours. */
export function viewJob(job: Job, resultHours: number, nowMs: number): JobView {
  if (job.end) {
    const expiresAtMs = job.end.atMs + resultHours * HOUR_MS;
    if (nowMs < expiresAtMs) return { kind: 'ended', end: job.end };
    return nowMs < expiresAtMs + GONE_MS ? { kind: 'expired' } : { kind: 'unknown' };
  }
  const total = job.progress.length;
  const seconds = Math.ceil((job.expectedAtMs - nowMs) / 1000);
  return {
    kind: 'running',
    done: total - pendingOf(job).length,
    total,
    retryAfterSeconds: Math.min(LONGEST_RETRY_SECONDS, Math.max(SHORTEST_RETRY_SECONDS, seconds)),
  };
}

/** A job that has just been posted. */
export function newJob(
  fields: Pick<
    Job,
    'id' | 'query' | 'tokens' | 'progress' | 'createdAtMs' | 'expectedAtMs' | 'trace' | 'forward'
  >,
): Job {
  return { ...fields, generation: 0, claim: undefined, failures: [], fruitless: 0, end: undefined };
}

/** The progress of `total` alerts of which nothing is known. */
export function noProgress(total: number): string {
  return PENDING.repeat(total);
}
