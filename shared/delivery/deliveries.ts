import type { Deadline } from '../base/deadline.js';
import { EnrichmentError } from '../base/errors.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import type { ForwardReceipt } from '../enrichment/result.js';
import { isId, type Message } from '../queue-work/message.js';
import { acceptDead, acceptDelivery, destinationRemoved, ensureMessage } from './accept.js';
import { destinationNamed } from './destination.js';
import { type ForwardedPost, type Forwarding, type Order, orderOf, samenessOf } from './forwarding.js';
import { DEAD_KEPT_DAYS, DELIVERED_KEPT_DAYS } from './keeping.js';
import { revive } from './transitions.js';
import { type DeliveryView, receiptOf, viewDelivery } from './view.js';
import { BODY_MISSING, giveUpDelivery, type Worked, type WorkParts, workOnDelivery } from './work.js';

/**
 * Deliveries by way of the queue: what has been accepted ends delivered or as a dead letter, and is queued
 * meanwhile. Every method throws {StorageError} when the store is down.
 */
export class Deliveries implements Forwarding {
  readonly #parts: WorkParts;

  constructor(parts: WorkParts) {
    this.#parts = parts;
  }

  async order(post: ForwardedPost): Promise<Order> {
    return orderOf(await this.#parts.deliveries.idFor(samenessOf(post)), post);
  }

  async receipt({ id }: Order): Promise<ForwardReceipt | undefined> {
    const { delivery, storeTimeMs } = await this.#parts.deliveries.read(id);
    if (!delivery) return undefined;
    // Whoever made it may have died before there was a message for it.
    await ensureMessage(this.#parts, { delivery, storeTimeMs });
    return receiptOf(delivery);
  }

  /** Returns after the durable enqueue. Past the deadline it may still come to that, for the repeated post to find. */
  forward(order: Order, enriched: EnrichedPayload, deadline: Deadline): Promise<ForwardReceipt> {
    return deadline.unlessOver(this.accept(order, enriched));
  }

  /** The same for whoever has no deadline. */
  accept(order: Order, enriched: EnrichedPayload): Promise<ForwardReceipt> {
    return acceptDelivery(this.#parts, order, enriched);
  }

  /** Makes a dead letter of a payload that was accepted and could not even be enriched, or that is gone. */
  bury(order: Order, text: string | undefined, reason: string): Promise<void> {
    return acceptDead(this.#parts, order, text, reason);
  }

  work(message: Message): Promise<Worked> {
    return workOnDelivery(this.#parts, message);
  }

  /** Ends a delivery whose message the host has given up. */
  giveUp(message: Message): Promise<void> {
    return giveUpDelivery(this.#parts, message);
  }

  /**
   * What became of a delivery.
   * @throws {EnrichmentError} `delivery-unknown`
   */
  async ask(id: string): Promise<DeliveryView> {
    const { delivery } = isId(id) ? await this.#parts.deliveries.read(id) : { delivery: undefined };
    if (!delivery) throw unknownDelivery();
    return viewDelivery(delivery);
  }

  /**
   * Sends a dead letter again, under its id, the schedule from its start.
   * @throws {EnrichmentError} `delivery-unknown`, or `delivery-not-dead` with what it is instead
   */
  async redeliver(id: string): Promise<DeliveryView> {
    const { deliveries, destinations } = this.#parts;
    if (!isId(id)) throw unknownDelivery();
    const changed = await deliveries.change(id, (before, nowMs) => {
      const isKnown = destinationNamed(destinations, before.destination) !== undefined;
      return { before, isKnown, nowMs, delivery: isKnown ? revive(before, nowMs) : undefined };
    });
    if (!changed) throw unknownDelivery();
    const { before, isKnown, nowMs, delivery = before } = changed;
    if (!isKnown) throw cannotBeSent(destinationRemoved(before.destination));
    if (before.end?.kind === 'dead-lettered' && before.end.body === 'missing')
      throw cannotBeSent(BODY_MISSING);
    // Of one that was revived before, and perhaps has no message, that is made up for.
    const isRevived =
      delivery !== before || (!before.end && before.run.generation > 0 && before.run.failed === 0);
    if (!isRevived)
      throw cannotBeSent(`Only a dead letter can be, and it is ${viewDelivery(before).status}.`);
    // Before there is a message: should that end as a dead letter again, the mark is its own.
    await deliveries.unmarkDead(id);
    await ensureMessage(this.#parts, { delivery, storeTimeMs: nowMs });
    return viewDelivery(delivery);
  }

  /** Ids of dead letters, for the doctor; `hasMore` when there are others. */
  dead(): Promise<{ readonly ids: readonly string[]; readonly hasMore: boolean }> {
    return this.#parts.deliveries.dead();
  }
}

/** What is said to whoever asks for a delivery that there is not. */
export function unknownDelivery(): EnrichmentError {
  return new EnrichmentError(
    'delivery-unknown',
    `There is no delivery with this id. What was delivered is known for ${DELIVERED_KEPT_DAYS} days, a dead letter for ${DEAD_KEPT_DAYS}.`,
  );
}

function cannotBeSent(why: string): EnrichmentError {
  return new EnrichmentError('delivery-not-dead', `The delivery cannot be sent again now. ${why}`);
}
