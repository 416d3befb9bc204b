import type { Clock } from '../base/clock.js';
import type { Reporter } from '../base/environment.js';
import type { Emit } from '../base/telemetry-event.js';
import { type Message, writeMessage } from '../queue-work/message.js';
import { DamagedStateError } from '../queue-work/work-store.js';
import type { QueueStore } from '../storage/queue-store.js';
import { type Delivery, type OddBody, UNKNOWN_DESTINATION } from './delivery.js';
import { DEAD_KEPT_DAYS, type DeliveryStore } from './delivery-store.js';
import { type Destination, destinationNamed, originOf } from './destination.js';
import { deadLetter, lostDelivery, mayLackMessage } from './transitions.js';

/** What dead letters need. */
export interface DeadLetterParts {
  readonly clock: Clock;
  readonly report: Reporter;
  readonly emit: Emit;
  readonly destinations: readonly Destination[];
  readonly deliveries: DeliveryStore;
  readonly queue: QueueStore;
}

/** Why a delivery cannot be sent, nor sent again. */
export const BODY_MISSING =
  'What was to be sent is no longer in the storage account, or was changed there. Post the alerts again.';

/** Why nothing is sent to a destination any more. */
export function destinationRemoved(destination: string): string {
  if (destination === UNKNOWN_DESTINATION) return 'Its state was lost, so its destination is not known.';
  return `No destination named "${destination}" is configured any more: put it back into FORWARD_DESTINATIONS.`;
}

/**
 * Makes a dead letter of a delivery, and says so; undefined when it has ended already. Whoever made it one
 * may have died before it could say so, so one that has ended is announced again.
 */
export async function makeDead(
  parts: DeadLetterParts,
  message: Pick<Message, 'id' | 'generation'>,
  reason: string,
  body?: OddBody,
): Promise<Delivery | undefined> {
  const changed = await parts.deliveries.change(message.id, (before, nowMs) => ({
    before,
    next: deadLetter(before, message, reason, nowMs, body),
  }));
  const now = changed?.next ?? changed?.before;
  if (now && now.generation <= message.generation) await announceDead(parts, now);
  return changed?.next;
}

/**
 * Marks a dead letter, and tells operators how to send it again; does nothing for any other delivery. Twice
 * is better than never: it is also called for one that was perhaps announced before.
 *
 * @throws {StorageError} when it could not be marked; nobody was told then
 */
export async function announceDead(
  { report, emit, destinations, deliveries }: DeadLetterParts,
  delivery: Delivery,
): Promise<void> {
  const { id, destination: name, end } = delivery;
  if (end?.kind !== 'dead-lettered') return;
  await deliveries.markDead(delivery);
  const destination = destinationNamed(destinations, name);
  const where = destination ? `"${name}" (${originOf(destination)})` : `"${name}"`;
  emit({ kind: 'dead-letter', destination: name });
  report({
    event: 'delivery-dead-lettered',
    detail: `The delivery ${id} to ${where} is a dead letter. ${end.reason}${howToSend(id, end.body)}`,
  });
}

function howToSend(id: string, body: OddBody | undefined): string {
  const send = `POST /api/deliveries/${id}/redeliver`;
  switch (body) {
    case 'missing':
      return '';
    case 'as-posted':
      return (
        ` The alerts are kept for ${DEAD_KEPT_DAYS} days, as they were posted; to send them so, ` +
        `not in the destination's format: ${send}.`
      );
    case undefined:
      return ` It is kept for ${DEAD_KEPT_DAYS} days; to send it again: ${send}.`;
  }
}

/**
 * Makes a dead letter of what is left of a delivery whose state is gone or damaged: it was accepted, so it
 * must not vanish in silence. What stood in the state's place is set aside.
 *
 * @param instead the delivery as this process still knows it, if it does
 * @returns what is there now; undefined when the state could be read again
 */
export async function saveLost(
  parts: DeadLetterParts,
  message: Message,
  instead?: (nowMs: number) => Delivery,
): Promise<Delivery | undefined> {
  const { deliveries, report } = parts;
  const reason = 'Its state in the storage account was deleted or damaged. Post the alerts again.';
  const make = instead ?? ((nowMs: number) => lostDelivery(message, reason, nowMs));
  const saved = await deliveries.replace(message.id, make);
  if (!saved) return undefined;
  const { item, aside } = saved;
  report({
    event: 'delivery-state-lost',
    detail:
      `The state of the delivery ${message.id} was ${aside ? `damaged; it was set aside as ${aside}` : 'gone'}. ` +
      `${instead ? 'It was written again.' : 'The delivery is a dead letter now.'} ` +
      'Find out what writes to or deletes from the storage account.',
  });
  await announceDead(parts, item);
  return item;
}

/** Runs what needs the state of a delivery; if that is damaged, what is left of it is saved first. */
export async function savingLost<T>(parts: DeadLetterParts, id: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof DamagedStateError)) throw error;
    await saveLost(parts, { id, generation: 0 });
    return run();
  }
}

/** Sends a message for a delivery that may be without one. */
export async function ensureMessage(
  { queue }: Pick<DeadLetterParts, 'queue'>,
  delivery: Delivery,
  storeTimeMs: number,
): Promise<void> {
  if (!mayLackMessage(delivery, storeTimeMs)) return;
  await queue.send(writeMessage(delivery), Math.max(0, delivery.nextAtMs - storeTimeMs));
}
