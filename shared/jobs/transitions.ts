import { holds, needsRequeue } from '../queue-work/work-item.js';
import { type Job, type JobEnd, PENDING, pendingOf } from './job.js';

/**
 * What can become of a job, and when it goes on; pure: the state as it is in, the state as it shall be out.
 * What jobs have in common with deliveries (claim, release, finish) is in `queue-work/work-item.ts`.
 */

/**
 * For how long nobody else works on a job after its worker was last heard of. A dead worker's message is
 * visible again after 30 s (`visibilityTimeout` in host.json), and finds the lease over.
 */
export const LEASE_MS = 25_000;
/** How often a worker extends its lease (a choice): two tries may fail before it is over. */
export const EXTEND_MS = 8_000;

/** Of no message: that the first one may be missing is not asked. */
const NO_GENERATION = -1;

/** Tokens of one job. More equal posts than this begin a job of their own. */
const MOST_TOKENS = 1_000;

/** A lease that goes on from now; undefined when it was lost to another worker. */
export function extendLease(job: Job, by: string, nowMs: number): Job | undefined {
  return holds(job, by) ? { ...job, claim: { by, untilMs: nowMs + LEASE_MS } } : undefined;
}

/** Lets one more token open a running job; undefined when it is too late or there are too many. */
export function join(job: Job, token: string): Job | undefined {
  if (job.end) return undefined;
  if (job.tokens.includes(token)) return job;
  return job.tokens.length < MOST_TOKENS ? { ...job, tokens: [...job.tokens, token] } : undefined;
}

/**
 * Whether a job may be without a message: no slice of it has ever begun, and perhaps the first message was
 * never sent; or it ought to have ended long ago, and perhaps somebody has cleared the queue.
 */
export function needsMessage(job: Job, nowMs: number): boolean {
  return needsRequeue(job, 0, job.expectedAtMs, nowMs);
}

/** Whether a job ought to have ended long ago. */
export function isOverdue(job: Job, nowMs: number): boolean {
  return needsRequeue(job, NO_GENERATION, job.expectedAtMs, nowMs);
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
/** A slice under way ends in seconds. */
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
    | 'id'
    | 'query'
    | 'tokens'
    | 'progress'
    | 'payloadDigest'
    | 'alertsDigest'
    | 'createdAtMs'
    | 'expectedAtMs'
    | 'trace'
    | 'forward'
  >,
): Job {
  return { ...fields, generation: 0, claim: undefined, failures: [], fruitless: 0, end: undefined };
}

/** The progress of `total` alerts of which nothing is known. */
export function noProgress(total: number): string {
  return PENDING.repeat(total);
}

/** Between two slices of one job while there are others: each has its share before any has a second one. */
const ROUND_MS = 1_000;
/** An upstream that is away is asked again after 5 s, 10 s, …, at most 10 minutes. */
const FIRST_BACKOFF_MS = 5_000;
const LONGEST_BACKOFF_MS = 600_000;
/** Slices in a row that bring nothing, in which an upstream may come back: half an hour. */
const MOST_FRUITLESS = 10;

/**
 * How many calls one slice of a job may make while so many jobs run: a minute's permits, divided. A job
 * that is alone takes all; a small one beside large ones has its calls in the first minute.
 */
export function shareOf(perMinute: number, runningJobs: number): number {
  return Math.max(1, Math.floor(perMinute / Math.max(1, runningJobs)));
}

/** How a slice went. */
export interface SliceOutcome {
  /** What the quota named to whoever it had no permit for, on the monotonic clock. */
  readonly quotaAtMs: number | undefined;
  /** What other failures that pass named, the soonest. */
  readonly failureAtMs: number | undefined;
  /** Whether it brought any alert further. */
  readonly isFruitful: boolean;
  /** Slices in a row before it that did not. */
  readonly fruitless: number;
  /** That it was cut off, since its process ends: another one is to go on at once. */
  readonly isStopping?: boolean;
}

/** When a job's next slice is due, or that it is not worth another one. */
export type Next =
  | { readonly kind: 'slice'; readonly atMs: number; readonly fruitless: number }
  | { readonly kind: 'give-up' };

/**
 * What follows a slice that left alerts. Waiting for the quota is no failure, however long; a slice in
 * which the upstream failed is one, unless it brought something too.
 */
export function nextSlice(slice: SliceOutcome, nowMs: number): Next {
  const { quotaAtMs, failureAtMs, isFruitful } = slice;
  if (slice.isStopping) return { kind: 'slice', atMs: nowMs, fruitless: slice.fruitless };
  if (quotaAtMs !== undefined) return { kind: 'slice', atMs: quotaAtMs, fruitless: slice.fruitless };
  if (isFruitful) return { kind: 'slice', atMs: Math.max(nowMs + ROUND_MS, failureAtMs ?? 0), fruitless: 0 };
  const fruitless = slice.fruitless + 1;
  if (fruitless >= MOST_FRUITLESS) return { kind: 'give-up' };
  const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (fruitless - 1));
  return { kind: 'slice', atMs: Math.max(nowMs + backoffMs, failureAtMs ?? 0), fruitless };
}
