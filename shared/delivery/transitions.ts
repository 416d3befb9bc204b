import type { Message } from '../queue-work/message.js';
import { endAnyway, finish, needsRequeue, release } from '../queue-work/work-item.js';
import { type Delivery, type FailedAttempt, type OddBody, UNKNOWN_DESTINATION } from './delivery.js';
import type { Attempt } from './send.js';

/** What can become of a delivery, pure: the state before in, the state after out. */

/**
 * So much of each wait is added at most, by chance, so that not all that failed together come back together.
 */
const JITTER = 0.1;

/**
 * How long to wait before the next attempt, in milliseconds, when `failed` have failed.
 *
 * @param scheduleMs the waits before each attempt, the first one included
 * @param retryAfterMs what the receiver asked for, a day at most; it counts when it is longer
 * @param random from 0 to below 1
 * @returns undefined when the schedule is spent
 */
export function waitBefore(
  scheduleMs: readonly number[],
  failed: number,
  retryAfterMs: number | undefined,
  random: number,
): number | undefined {
  const plannedMs = scheduleMs[failed];
  if (plannedMs === undefined) return undefined;
  return Math.max(plannedMs, retryAfterMs ?? 0) * (1 + JITTER * random);
}

/** What follows an attempt. */
export type Verdict =
  | { readonly kind: 'delivered'; readonly status: number }
  | { readonly kind: 'again'; readonly waitMs: number; readonly attempt: FailedAttempt }
  /** `attempt` is absent when nothing was sent. */
  | {
      readonly kind: 'give-up';
      readonly reason: string;
      readonly attempt?: FailedAttempt;
      readonly body?: OddBody;
    };

/**
 * What follows from what became of an attempt.
 * @param random from 0 to below 1
 */
export function verdictOn(
  { run }: Delivery,
  attempt: Attempt,
  scheduleMs: readonly number[],
  random: number,
  nowMs: number,
): Verdict {
  if (attempt.kind === 'delivered') return attempt;
  const { status, reason } = attempt;
  const noted = { atMs: nowMs, reason, ...(status === undefined ? {} : { status }) };
  if (attempt.kind === 'gone') return { kind: 'give-up', reason, attempt: noted };
  const failed = run.failed + 1;
  const waitMs = waitBefore(scheduleMs, failed, attempt.retryAfterMs, random);
  if (waitMs !== undefined) return { kind: 'again', waitMs, attempt: noted };
  return {
    kind: 'give-up',
    reason: `All ${failed} attempts of its schedule failed. The last one: ${reason}`,
    attempt: noted,
  };
}

/**
 * Writes down what became of an attempt; undefined when the lease was lost to another worker. That it was
 * delivered is written whoever holds the lease.
 */
export function settle(
  delivery: Delivery,
  by: string,
  verdict: Verdict,
  nowMs: number,
): Delivery | undefined {
  if (verdict.kind === 'delivered') {
    if (delivery.end) return undefined;
    const { body: _sent, ...kept } = delivery;
    const end = { kind: 'delivered', atMs: nowMs, status: verdict.status } as const;
    return { ...kept, claim: undefined, attempts: delivery.attempts + 1, end };
  }
  const { attempts, run } = delivery;
  const tried = verdict.attempt && {
    attempts: attempts + 1,
    last: verdict.attempt,
    run: { ...run, failed: run.failed + 1 },
  };
  if (verdict.kind === 'again') {
    return release(delivery, by, { ...tried, nextAtMs: nowMs + verdict.waitMs });
  }
  return finish(delivery, by, { ...tried, end: deadLettered(verdict.reason, nowMs, verdict.body) });
}

/**
 * Makes a dead letter of a delivery that cannot be worked on, whoever holds it; undefined when it has ended
 * already, or when the message that says so is an old one.
 */
export function deadLetter(
  delivery: Delivery,
  message: Pick<Message, 'generation'>,
  reason: string,
  nowMs: number,
  body?: OddBody,
): Delivery | undefined {
  return endAnyway(delivery, message, { end: deadLettered(reason, nowMs, body) });
}

function deadLettered(reason: string, atMs: number, body: OddBody | undefined) {
  return { kind: 'dead-lettered', atMs, reason, ...(body ? { body } : {}) } as const;
}

/**
 * Begins the schedule of a dead letter anew; undefined for anything else, and where there is nothing to send.
 */
export function redrive(delivery: Delivery, nowMs: number): Delivery | undefined {
  if (delivery.end?.kind !== 'dead-lettered' || delivery.end.body === 'missing') return undefined;
  const generation = delivery.generation + 1;
  return { ...delivery, end: undefined, generation, run: { generation, failed: 0 }, nextAtMs: nowMs };
}

/** Whether a delivery may be without a message. */
export function mayLackMessage(delivery: Delivery, nowMs: number): boolean {
  return needsRequeue(delivery, delivery.run.generation, delivery.nextAtMs, nowMs);
}

/** A delivery that has just been accepted. */
export function newDelivery(
  fields: Pick<Delivery, 'id' | 'destination' | 'contentType' | 'traceparent' | 'bodyDigest'>,
  firstWaitMs: number,
  nowMs: number,
): Delivery {
  return {
    ...fields,
    acceptedAtMs: nowMs,
    generation: 0,
    attempts: 0,
    run: { generation: 0, failed: 0 },
    nextAtMs: nowMs + firstWaitMs,
  };
}

/** A delivery that is a dead letter from its start: what could not even be enriched, or is lost. */
export function deadDelivery(
  fields: Parameters<typeof newDelivery>[0],
  reason: string,
  nowMs: number,
  body: OddBody,
): Delivery {
  return { ...newDelivery(fields, 0, nowMs), end: deadLettered(reason, nowMs, body) };
}

/** What is left of a delivery whose state is lost: a dead letter, so that somebody looks. */
export function lostDelivery({ id, generation }: Message, reason: string, nowMs: number): Delivery {
  const fields = { id, destination: UNKNOWN_DESTINATION, contentType: 'application/octet-stream' };
  return { ...deadDelivery(fields, reason, nowMs, 'missing'), generation };
}
