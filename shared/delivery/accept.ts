import type { Clock } from '../base/clock.js';
import { StorageError } from '../base/errors.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import type { ForwardReceipt } from '../enrichment/result.js';
import { enriched as enrichedFormat } from '../formats/enriched.js';
import { render } from '../formats/render.js';
import { writeMessage } from '../queue-work/message.js';
import type { QueueStore } from '../storage/queue-store.js';
import { type AlarmParts, announceDead } from './alarm.js';
import type { Delivery, OddBody } from './delivery.js';
import { destinationNamed } from './destination.js';
import type { Order } from './forwarding.js';
import { waitBefore } from './schedule.js';
import { bury, mayLackMessage, newDelivery } from './transitions.js';
import { receiptOf } from './view.js';

/** What accepting deliveries needs. */
export interface AcceptParts extends AlarmParts {
  readonly clock: Clock;
  readonly queue: QueueStore;
  readonly random: () => number;
}

/**
 * Takes an enriched payload over, in the destination's form: when this returns it is stored, and there
 * is a message for it. An order that was carried out already is not carried out again.
 *
 * The order makes a crash harmless anywhere: a delivery is whole before there is a message for it, and
 * who repeats a post whose delivery may be without a message sends one more. One too many does nothing.
 *
 * @throws {StorageError} when the store or the queue is down: then nothing is promised
 */
export async function acceptDelivery(
  parts: AcceptParts,
  order: Order,
  enriched: EnrichedPayload,
): Promise<ForwardReceipt> {
  const destination = destinationNamed(parts.destinations, order.destination);
  const format = destination?.format ?? enrichedFormat;
  const { contentType } = format;
  const firstWaitMs = waitBefore(destination?.scheduleMs ?? [], 0, undefined, parts.random()) ?? 0;
  const accepted = await ensure(parts, order, () => render(format, enriched), contentType, firstWaitMs);
  if (destination) {
    await ensureMessage(parts, accepted);
    return receiptOf(accepted.delivery);
  }
  return receiptOf(
    (await buryDelivery(parts, accepted.delivery, destinationRemoved(order.destination))) ??
      accepted.delivery,
  );
}

/**
 * Makes a dead letter of what could not even be enriched.
 * @param text the payload as it was posted; undefined when it is gone
 */
export async function acceptDead(
  parts: AcceptParts,
  order: Order,
  text: string | undefined,
  reason: string,
): Promise<void> {
  const { delivery } = await ensure(parts, order, () => text ?? '', 'application/json', 0);
  await buryDelivery(parts, delivery, reason, text === undefined ? 'missing' : 'as-posted');
}

const COME_BACK_MS = 1_000;

interface Accepted {
  readonly delivery: Delivery;
  readonly storeTimeMs: number;
}

/** The delivery of an order, which is made unless there is one. */
async function ensure(
  { clock, deliveries }: AcceptParts,
  { id, ...order }: Order,
  makeBody: () => string | Promise<string>,
  contentType: string,
  firstWaitMs: number,
): Promise<Accepted> {
  const known = await deliveries.read(id);
  if (known.delivery) return { ...known, delivery: known.delivery };
  const { delivery, storeTimeMs } = await deliveries.create(id, await makeBody(), (nowMs) =>
    newDelivery({ id, contentType, ...order }, firstWaitMs, nowMs),
  );
  if (delivery) return { delivery, storeTimeMs };
  throw new StorageError('The delivery was deleted while it was looked for. Post the alerts again.', {
    retryAtMs: clock.monotonicMs() + COME_BACK_MS,
  });
}

/** Sends a message for a delivery that may be without one. */
export async function ensureMessage(
  { queue }: Pick<AcceptParts, 'queue'>,
  { delivery, storeTimeMs }: Accepted,
): Promise<void> {
  if (!mayLackMessage(delivery, storeTimeMs)) return;
  await queue.send(writeMessage(delivery), Math.max(0, delivery.nextAtMs - storeTimeMs));
}

/**
 * Makes a dead letter of a delivery, and says so; undefined when it has ended already. Whoever made it one may
 * have died before it could say so, and is here once more.
 */
export async function buryDelivery(
  parts: AlarmParts,
  { id, generation }: Pick<Delivery, 'id' | 'generation'>,
  reason: string,
  body?: OddBody,
): Promise<Delivery | undefined> {
  const buried = await parts.deliveries.change(id, (before, nowMs) => ({
    before,
    delivery: bury(before, generation, reason, nowMs, body),
  }));
  const now = buried?.delivery ?? buried?.before;
  if (now && now.generation <= generation) await announceDead(parts, now);
  return buried?.delivery;
}

/** Why there is no sending to a destination any more. */
export function destinationRemoved(destination: string): string {
  return `No destination of the name "${destination}" is configured any more: put it back into FORWARD_DESTINATIONS.`;
}
