import { randomUUID } from 'node:crypto';
import { isUntouched } from '../queue-work/claim.js';
import { type Message, writeMessage } from '../queue-work/message.js';
import { LEAST_WAIT_MS, orPutOff, STORE_AWAY_MS } from '../queue-work/requeue.js';
import type { QueueStore } from '../storage/queue-store.js';
import { type AcceptParts, buryDelivery, destinationRemoved } from './accept.js';
import { announceDead } from './alarm.js';
import type { Delivery } from './delivery.js';
import { type Destination, destinationNamed } from './destination.js';
import { nextHop } from './next-hop.js';
import type { Send } from './sending.js';
import { abandon, claim, settle, type Verdict, verdictOn } from './transitions.js';

/** What working on deliveries needs. */
export interface WorkParts extends AcceptParts {
  readonly send: Send;
  /** Where the host puts messages that it has given up. */
  readonly poison: QueueStore;
}

/** What a message came to, for the log. */
export type Worked = 'dropped' | 'put-off' | 'delivered' | 'goes-on' | 'dead-lettered' | 'lost-claim';

const WORKED = { delivered: 'delivered', again: 'goes-on', 'give-up': 'dead-lettered' } as const;

const FAILED_ANYWAY =
  'The worker failed at it again and again, for a reason that the log of the function app tells.';

/** Why a delivery cannot be sent, nor sent again. */
export const BODY_MISSING =
  'What was to be sent is not in the storage account any more. Post the alerts again.';

/**
 * Tries a delivery once, as a message says. Whatever happens to this process, the delivery goes on: a
 * message is acknowledged only when another one is in the queue or the delivery has ended. A failure of the
 * receiver is a new message, never an error.
 *
 * @throws what should not happen; the host then delivers the message again, and at last to `giveUp`
 */
export function workOnDelivery(parts: WorkParts, message: Message): Promise<Worked> {
  const { deliveries } = parts;
  const by = randomUUID();
  const giveBack = () => deliveries.change(message.id, (one) => ({ delivery: abandon(one, by) }));
  return orPutOff(parts, message, () => workAs(parts, message, by), giveBack);
}

async function workAs(parts: WorkParts, message: Message, by: string): Promise<Worked> {
  const { deliveries, queue, destinations } = parts;
  const claimed = await deliveries.change(message.id, (delivery, nowMs) => {
    const destination = destinationNamed(destinations, delivery.destination);
    const verdict = claim(delivery, message.generation, by, destination?.timeoutMs ?? 0, nowMs);
    const next = verdict.kind === 'work' ? verdict.delivery : undefined;
    return { verdict, destination, before: delivery, nowMs, delivery: next };
  });
  if (!claimed) return 'dropped';
  const { verdict, destination, before, nowMs } = claimed;
  if (verdict.kind === 'look-again') {
    await queue.send(writeMessage(message), verdict.atMs - nowMs + LEAST_WAIT_MS);
    return 'put-off';
  }
  if (verdict.kind === 'drop') {
    // Whoever buried it may have died before it could say so, and this is its message once more.
    if (before.generation === message.generation) await announceDead(parts, before);
    return 'dropped';
  }
  return carryOn(parts, verdict.delivery, destination, by, nowMs);
}

/**
 * Makes a dead letter of a delivery whose message the host has given up. One that was never begun failed by
 * nothing of its own, and its message goes back.
 */
export async function giveUpDelivery(parts: WorkParts, message: Message): Promise<void> {
  const { clock, deliveries, queue, poison } = parts;
  await orPutOff({ clock, queue: poison }, message, async () => {
    const { delivery } = await deliveries.read(message.id);
    if (!delivery) return;
    if (!delivery.end && isUntouched(delivery, message)) {
      await queue.send(writeMessage(message), STORE_AWAY_MS);
    } else await buryDelivery(parts, message, FAILED_ANYWAY);
  });
}

/** Makes one attempt of a claimed delivery, and sees to what follows from it. */
async function carryOn(
  parts: WorkParts,
  claimed: Delivery,
  destination: Destination | undefined,
  by: string,
  storeTimeMs: number,
): Promise<Worked> {
  const { deliveries, queue } = parts;
  const { id, generation } = claimed;
  const body = await deliveries.body(id);
  const verdict = await tryOnce(parts, claimed, destination, body?.text, storeTimeMs);
  if (verdict.kind === 'again') {
    const next = writeMessage({ id, generation: generation + 1 });
    await queue.send(next, Math.max(LEAST_WAIT_MS, verdict.waitMs));
  }
  const settled = await deliveries.change(id, (before, nowMs) => ({
    before,
    delivery: settle(before, by, verdict, nowMs),
  }));
  // What was settled already can be our own doing, of which the answer was lost.
  const now = settled?.delivery ?? settled?.before;
  if (now?.end?.kind === 'delivered' && body) await deliveries.deleteBody(id, body.etag);
  if (now?.generation === generation) await announceDead(parts, now);
  return settled?.delivery ? WORKED[verdict.kind] : 'lost-claim';
}

async function tryOnce(
  { clock, random, send }: WorkParts,
  delivery: Delivery,
  destination: Destination | undefined,
  body: string | undefined,
  storeTimeMs: number,
): Promise<Verdict> {
  if (!destination) return { kind: 'give-up', reason: destinationRemoved(delivery.destination) };
  if (!body) return { kind: 'give-up', reason: BODY_MISSING, body: 'missing' };
  const { id, contentType } = delivery;
  const traceparent = nextHop(delivery.traceparent, random);
  const beganMs = clock.monotonicMs();
  const sent = await send(destination, { id, body, contentType, traceparent });
  const nowMs = storeTimeMs + clock.monotonicMs() - beganMs;
  return verdictOn(delivery, sent, destination.scheduleMs, random(), nowMs);
}
