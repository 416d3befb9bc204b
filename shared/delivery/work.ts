import { writeMessage } from '../queue-work/message.js';
import { type Claimed, LEAST_WAIT_MS, type Work } from '../queue-work/run-message.js';
import { DamagedStateError } from '../queue-work/work-store.js';
import type { QueueStore } from '../storage/queue-store.js';
import {
  announceDead,
  BODY_MISSING,
  type DeadLetterParts,
  destinationRemoved,
  makeDead,
  saveLost,
} from './dead-letters.js';
import type { Delivery } from './delivery.js';
import type { Body } from './delivery-store.js';
import { type Destination, destinationNamed } from './destination.js';
import type { Send } from './send.js';
import type { SendingSlots } from './slots.js';
import { settle, type Verdict, verdictOn } from './transitions.js';

/** What working on deliveries needs. */
export interface WorkParts extends DeadLetterParts {
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly send: Send;
  readonly slots: SendingSlots;
  /** Where the host puts messages that it has given up. */
  readonly poison: QueueStore;
}

/** What an attempt came to, for the log. */
export type Worked = 'delivered' | 'goes-on' | 'dead-lettered' | 'lost-claim';

const WORKED = { delivered: 'delivered', again: 'goes-on', 'give-up': 'dead-lettered' } as const;

/**
 * The lease is longer than the receiver's time-out: by what reading the body and writing the outcome take on
 * a bad day.
 */
const LEASE_MARGIN_MS = 75_000;
/**
 * The doctor's view of a failing destination is as old as this at most. A choice: a write a minute costs
 * nothing.
 */
const FAILURE_KEPT_EVERY_MS = 60_000;

const FAILED_ANYWAY =
  'The worker failed at it again and again; the log of the function app says why (delivery-fault).';

/**
 * How deliveries are worked on: one attempt for each message. A failure of the receiver is a new message,
 * never an error.
 */
export function deliveryWork(parts: WorkParts): Work<Delivery, Worked> {
  const { deliveries, destinations, slots } = parts;
  const keepFailure = failureKeeper(parts);
  return {
    store: deliveries,
    leaseMs: ({ destination }) =>
      (destinationNamed(destinations, destination)?.timeoutMs ?? 0) + LEASE_MARGIN_MS,
    // Asked before the lease is written and the body is read: a delivery that has to wait costs neither.
    admit: async ({ destination }, message, nowMs) =>
      destinationNamed(destinations, destination)
        ? slots.admit(destination, message, nowMs)
        : { kind: 'go', leave: () => {} },
    turn: (claimed) => attemptOnce(parts, claimed, keepFailure),
    dropped: async (delivery, { generation }) => {
      if (delivery.generation === generation) await announceDead(parts, delivery);
    },
    giveUp: (message) => makeDead(parts, message, FAILED_ANYWAY),
    stateLost: (message) => saveLost(parts, message),
  };
}

/** Makes one attempt of a claimed delivery, and sees to what follows from it. */
async function attemptOnce(
  parts: WorkParts,
  { item: claimed, by, nowMs: claimedAtMs }: Claimed<Delivery>,
  keepFailure: (delivery: Delivery) => Promise<void>,
): Promise<Worked> {
  const { clock, deliveries, queue } = parts;
  const { id, generation } = claimed;
  const beganMs = clock.monotonicMs();
  const body = await deliveries.body(claimed);
  const now = () => claimedAtMs + clock.monotonicMs() - beganMs;
  const verdict = await verdictOnAttempt(parts, claimed, body, now);
  if (verdict.kind === 'again') {
    const next = writeMessage({ id, generation: generation + 1 });
    await queue.send(next, Math.max(LEAST_WAIT_MS, verdict.waitMs));
  }
  const settled = await deliveries
    .change(id, (before, nowMs) => ({ before, next: settle(before, by, verdict, nowMs) }), claimed)
    .catch((error: unknown) => {
      if (!(error instanceof DamagedStateError)) throw error;
    });
  // If it was deleted or damaged meanwhile: this process still knows all of it.
  const next = settled
    ? settled.next
    : await saveLost(parts, claimed, (nowMs) => settle(claimed, by, verdict, nowMs) ?? claimed);
  // What was settled already can be the app's own doing, of which the answer was lost.
  const after = next ?? settled?.before;
  if (after?.end?.kind === 'delivered' && typeof body === 'object')
    await deliveries.deleteBody(claimed, body);
  if (after?.generation === generation) await announceDead(parts, after);
  if (next && verdict.kind === 'again') await keepFailure(next);
  return next ? WORKED[verdict.kind] : 'lost-claim';
}

async function verdictOnAttempt(
  { destinations, random, send }: WorkParts,
  delivery: Delivery,
  body: Body | 'missing' | 'changed',
  now: () => number,
): Promise<Verdict> {
  const destination: Destination | undefined = destinationNamed(destinations, delivery.destination);
  if (!destination) return { kind: 'give-up', reason: destinationRemoved(delivery.destination) };
  if (typeof body === 'string') return { kind: 'give-up', reason: BODY_MISSING, body: 'missing' };
  const { id, contentType, traceparent } = delivery;
  const attempt = await send(destination, { id, body: body.text, contentType, traceparent });
  return verdictOn(delivery, attempt, destination.scheduleMs, random(), now());
}

/** Keeps, now and then, which delivery to a destination failed last; a help to the doctor and no more. */
function failureKeeper({ clock, deliveries }: WorkParts): (delivery: Delivery) => Promise<void> {
  const keptAtMs = new Map<string, number>();
  return async ({ id, destination, last }) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - (keptAtMs.get(destination) ?? Number.NEGATIVE_INFINITY) < FAILURE_KEPT_EVERY_MS) return;
    keptAtMs.set(destination, nowMs);
    await deliveries.keepFailure(destination, { id, atMs: last?.atMs ?? 0 }).catch(() => undefined);
  };
}
