import { heldUntilMs, OVERDUE_MS } from '../queue-work/claim.js';
import type { Delivery, DeliveryEnd, FailedAttempt, OddBody } from './delivery.js';
import { longestSpareMs, waitBefore, waitWhileSpared } from './schedule.js';
import type { Sent } from './sending.js';

/**
 * What can become of a delivery, pure: the state as it is in, the state as it shall be out. They are
 * carried out by compare-and-swap, so that of two instances that decide at the same time one decides anew.
 */

/** Beyond the time-out of the receiver: what reading the body and noting the outcome take on a bad day. */
const CLAIM_MARGIN_MS = 75_000;

/** What a message's delivery is to do. */
export type ClaimVerdict =
  | { readonly kind: 'work'; readonly delivery: Delivery }
  /** Its work is done, or another message's by now. */
  | { readonly kind: 'drop' }
  /** Somebody is at it; should that be a dead one, somebody has to look again at `atMs`. */
  | { readonly kind: 'look-again'; readonly atMs: number };

/**
 * Claims a delivery for the attempt that a message stands for, so that a message delivered twice sends
 * once. A message of a later generation was sent by an attempt that did not live to write so.
 *
 * @param timeoutMs the longest that the receiver may take
 */
export function claim(
  delivery: Delivery,
  generation: number,
  by: string,
  timeoutMs: number,
  nowMs: number,
): ClaimVerdict {
  if (delivery.end || generation < delivery.generation) return { kind: 'drop' };
  const heldMs = heldUntilMs(delivery.claim, by, nowMs);
  if (heldMs !== undefined) return { kind: 'look-again', atMs: heldMs };
  const claimed = { by, untilMs: nowMs + timeoutMs + CLAIM_MARGIN_MS };
  return { kind: 'work', delivery: { ...delivery, generation, claim: claimed } };
}

/** What follows an attempt. */
export type Verdict =
  | { readonly kind: 'delivered'; readonly status: number }
  /** `attempt` is absent when the receiver was spared. */
  | { readonly kind: 'again'; readonly waitMs: number; readonly attempt?: FailedAttempt }
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
  sent: Sent,
  scheduleMs: readonly number[],
  random: number,
  nowMs: number,
): Verdict {
  switch (sent.kind) {
    case 'delivered':
      return sent;
    case 'gone':
      return { kind: 'give-up', reason: sent.reason, attempt: attemptOf(sent, nowMs) };
    case 'failed': {
      const attempt = attemptOf(sent, nowMs);
      const failed = run.failed + 1;
      const waitMs = waitBefore(scheduleMs, failed, sent.retryAfterMs, random);
      if (waitMs !== undefined) return { kind: 'again', waitMs, attempt };
      const reason = `All ${failed} attempts of its schedule failed. The last one: ${sent.reason}`;
      return { kind: 'give-up', reason, attempt };
    }
    case 'spared': {
      if ((run.sparedMs ?? 0) < longestSpareMs(scheduleMs)) {
        return { kind: 'again', waitMs: waitWhileSpared(sent.retryAfterMs, random) };
      }
      return { kind: 'give-up', reason: NEVER_BACK };
    }
  }
}

const NEVER_BACK =
  'The receiver failed again and again, or was busy, and was left alone for longer than the whole schedule, an hour added.';

function attemptOf({ status, reason }: Sent & { kind: 'failed' | 'gone' }, atMs: number): FailedAttempt {
  return { atMs, reason, ...(status === undefined ? {} : { status }) };
}

/**
 * Notes what became of an attempt; undefined when the claim has been lost to another. That it was
 * delivered is noted whoever holds the claim.
 */
export function settle(
  delivery: Delivery,
  by: string,
  verdict: Verdict,
  nowMs: number,
): Delivery | undefined {
  if (delivery.end) return undefined;
  if (verdict.kind === 'delivered') {
    const end = { kind: 'delivered', atMs: nowMs, status: verdict.status } as const;
    return { ...ended(delivery, end), attempts: delivery.attempts + 1 };
  }
  if (delivery.claim?.by !== by) return undefined;
  const { attempt } = verdict;
  if (verdict.kind === 'give-up') {
    const tried = attempt ? withAttempt(delivery, attempt) : delivery;
    return dead(tried, verdict.reason, nowMs, verdict.body);
  }
  const { claim: _over, ...free } = attempt
    ? withAttempt(delivery, attempt)
    : withSparing(delivery, verdict.waitMs);
  return { ...free, generation: delivery.generation + 1, nextAtMs: nowMs + verdict.waitMs };
}

function withAttempt(delivery: Delivery, attempt: FailedAttempt): Delivery {
  const { attempts, run } = delivery;
  return { ...delivery, attempts: attempts + 1, last: attempt, run: { ...run, failed: run.failed + 1 } };
}

function withSparing({ run, ...delivery }: Delivery, waitMs: number): Delivery {
  return { ...delivery, run: { ...run, sparedMs: (run.sparedMs ?? 0) + waitMs } };
}

function dead(delivery: Delivery, reason: string, atMs: number, body: OddBody | undefined): Delivery {
  return ended(delivery, { kind: 'dead-lettered', atMs, reason, ...(body ? { body } : {}) });
}

function ended({ claim: _over, ...delivery }: Delivery, end: DeliveryEnd): Delivery {
  return { ...delivery, end };
}

/**
 * Gives an attempt up in the middle, so that the message's next delivery takes it over at once. That it was
 * begun stays to be seen.
 */
export function abandon(delivery: Delivery, by: string): Delivery | undefined {
  return delivery.end || delivery.claim?.by !== by ? undefined : { ...delivery, claim: { by, untilMs: 0 } };
}

/**
 * Makes a dead letter of a delivery that cannot be worked on, whoever holds it; undefined when it has
 * ended already, or when the message that says so is an old one.
 */
export function bury(
  delivery: Delivery,
  generation: number,
  reason: string,
  nowMs: number,
  body?: OddBody,
): Delivery | undefined {
  if (delivery.end || generation < delivery.generation) return undefined;
  return dead(delivery, reason, nowMs, body);
}

/** Begins the schedule anew for a dead letter; undefined for anything else, and where there is nothing to send. */
export function revive(delivery: Delivery, nowMs: number): Delivery | undefined {
  if (delivery.end?.kind !== 'dead-lettered' || delivery.end.body === 'missing') return undefined;
  const { end: _over, ...alive } = delivery;
  const generation = delivery.generation + 1;
  return { ...alive, generation, run: { generation, failed: 0 }, nextAtMs: nowMs };
}

/**
 * Whether a delivery may be without a message: its run has never begun, and perhaps the first message was
 * never sent; or it ought to have been tried long ago, and perhaps somebody has cleared the queue.
 */
export function mayLackMessage({ end, claim, generation, run, nextAtMs }: Delivery, nowMs: number): boolean {
  if (end) return false;
  return (generation === run.generation && claim === undefined) || nowMs > nextAtMs + OVERDUE_MS;
}

/** A delivery that has just been accepted. */
export function newDelivery(
  fields: Pick<Delivery, 'id' | 'destination' | 'contentType' | 'traceparent'>,
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
