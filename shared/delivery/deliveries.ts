import type { Deadline } from '../base/deadline.js';
import { EnrichmentError, StorageError } from '../base/errors.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import type { ForwardReceipt } from '../enrichment/result.js';
import { enriched as enrichedFormat } from '../formats/enriched.js';
import { render } from '../formats/render.js';
import { isId, type Message } from '../queue-work/message.js';
import { giveUpMessage, type Handled, runMessage, type Work } from '../queue-work/run-message.js';
import type { Swept } from '../storage/sweep.js';
import { announceDead, destinationRemoved, ensureMessage, makeDead, savingLost } from './dead-letters.js';
import type { Delivery, OddBody } from './delivery.js';
import { DEAD_KEPT_DAYS, DELIVERED_KEPT_DAYS } from './delivery-store.js';
import { destinationNamed } from './destination.js';
import {
  contentsOf,
  type ForwardedPost,
  type Forwarding,
  idempotencyKey,
  type Reservation,
  reservationOf,
} from './forwarding.js';
import { type DeadRange, listDead, redriveOne, redriveRange } from './redrive.js';
import { type SweepParts, sweepDeliveries } from './sweep-deliveries.js';
import { deadDelivery, newDelivery, waitBefore } from './transitions.js';
import { deliveryWork, type Worked, type WorkParts } from './work.js';

/** What deliveries are made of. */
export interface DeliveriesParts extends WorkParts, SweepParts {}

/**
 * The longest that one request may redrive; well below the 230 s after which Azure's front end gives a
 * request up.
 */
const LONGEST_REDRIVE_MS = 60_000;
/** When somebody who has lost a race with a deletion is to try again. */
const RACE_RETRY_MS = 1_000;

/**
 * Deliveries by way of the queue: what has been accepted ends delivered or as a dead letter, and is queued
 * meanwhile. Every method throws {StorageError} when the store is down.
 */
export class Deliveries implements Forwarding {
  readonly #parts: DeliveriesParts;
  readonly #work: Work<Delivery, Worked>;

  constructor(parts: DeliveriesParts) {
    this.#parts = parts;
    this.#work = deliveryWork(parts);
  }

  async reserve(post: ForwardedPost): Promise<Reservation> {
    const { deliveries } = this.#parts;
    const { id, isNew, storeTimeMs } = await deliveries.reserve(idempotencyKey(post), contentsOf(post));
    return reservationOf(id, post, isNew ? storeTimeMs : undefined);
  }

  async receipt({ id, reservedAtMs }: Reservation): Promise<ForwardReceipt | undefined> {
    if (reservedAtMs !== undefined) return undefined;
    const { item, storeTimeMs } = await savingLost(this.#parts, id, () => this.#parts.deliveries.read(id));
    if (!item) return undefined;
    // Whoever made it may have died before there was a message for it.
    await ensureMessage(this.#parts, item, storeTimeMs);
    return receiptOf(item);
  }

  /**
   * Returns after the durable enqueue. Past the deadline it may still come to that, for the repeated post to
   * find.
   */
  forward(reservation: Reservation, enriched: EnrichedPayload, deadline: Deadline): Promise<ForwardReceipt> {
    return deadline.unlessOver(this.accept(reservation, enriched));
  }

  /**
   * Takes an enriched payload over, in the destination's format: when this returns it is stored, and there is
   * a message for it. What was accepted under this id before is not accepted again.
   *
   * The order makes a crash harmless anywhere: a delivery is whole before there is a message for it, and a
   * repeated post whose delivery may be without a message sends one more. One too many does nothing.
   */
  async accept(reservation: Reservation, enriched: EnrichedPayload): Promise<ForwardReceipt> {
    const parts = this.#parts;
    const destination = destinationNamed(parts.destinations, reservation.destination);
    const format = destination?.format ?? enrichedFormat;
    const firstWaitMs = waitBefore(destination?.scheduleMs ?? [], 0, undefined, parts.random()) ?? 0;
    const { contentType } = format;
    const accepted = await this.#ensure(
      reservation,
      () => render(format, enriched),
      contentType,
      (fields, nowMs) => newDelivery(fields, firstWaitMs, nowMs),
    );
    const { delivery, storeTimeMs } = accepted;
    if (destination) {
      await ensureMessage(parts, delivery, storeTimeMs);
      return receiptOf(delivery);
    }
    return receiptOf((await makeDead(parts, delivery, destinationRemoved(delivery.destination))) ?? delivery);
  }

  /**
   * Makes a dead letter of a payload that was accepted and could not even be enriched. A delivery that was made
   * of it before goes on: a worker may have died between making one and saying so.
   * @param text the payload as it was posted; undefined when it is gone
   */
  async deadLetter(reservation: Reservation, text: string | undefined, reason: string): Promise<void> {
    const body: OddBody = text === undefined ? 'missing' : 'as-posted';
    const { delivery, storeTimeMs } = await this.#ensure(
      reservation,
      () => text ?? '',
      'application/json',
      (fields, nowMs) => deadDelivery(fields, reason, nowMs, body),
    );
    if (delivery.end) await announceDead(this.#parts, delivery);
    else await ensureMessage(this.#parts, delivery, storeTimeMs);
  }

  work(message: Message): Promise<Worked | Handled> {
    return runMessage(this.#parts, this.#work, message);
  }

  /** Ends a delivery whose message the host has given up. */
  giveUp(message: Message): Promise<void> {
    return giveUpMessage(this.#parts, this.#work, message);
  }

  /**
   * What became of a delivery.
   * @throws {EnrichmentError} `delivery-unknown`
   */
  async ask(id: string): Promise<DeliveryView> {
    const { deliveries } = this.#parts;
    if (!isId(id)) throw unknownDelivery();
    const { item } = await savingLost(this.#parts, id, () => deliveries.read(id));
    if (!item) throw unknownDelivery();
    return viewDelivery(item);
  }

  /**
   * Sends a dead letter again, under its id, the schedule from its start.
   * @throws {EnrichmentError} `delivery-unknown`, or `delivery-not-dead` with what it is instead
   */
  async redeliver(id: string): Promise<DeliveryView> {
    const redriven = isId(id) ? await redriveOne(this.#parts, id) : ({ kind: 'unknown' } as const);
    switch (redriven.kind) {
      case 'requeued':
        return viewDelivery(redriven.delivery);
      case 'refused': {
        const message = `The delivery cannot be sent again now. ${redriven.why}`;
        throw new EnrichmentError('delivery-not-dead', message);
      }
      default:
        throw unknownDelivery();
    }
  }

  /** Sends dead letters of a destination again. Asked twice it sends nothing twice. */
  redeliverRange(range: DeadRange): Promise<{ readonly requeued: number; readonly remaining: number }> {
    return redriveRange(this.#parts, range, LONGEST_REDRIVE_MS);
  }

  /** Dead letters, the newest first; see `listDead`. */
  listDead(destination: string | undefined, after: string | undefined): ReturnType<typeof listDead> {
    return listDead(this.#parts, destination, after);
  }

  /** Ids of dead letters, for the doctor; `hasMore` when there are others. */
  async dead(): Promise<{ readonly ids: readonly string[]; readonly hasMore: boolean }> {
    const { marks, next } = await this.#parts.deliveries.deadMarks();
    return { ids: marks.map(({ id }) => id), hasMore: next !== undefined };
  }

  /** The delivery to a destination that failed last, while it waits for its next attempt; for the doctor. */
  async failing(destination: string): Promise<DeliveryView | undefined> {
    const { deliveries } = this.#parts;
    const failure = await deliveries.lastFailure(destination);
    const { item } = failure ? await deliveries.read(failure.id) : { item: undefined };
    return item && !item.end && item.run.failed > 0 ? viewDelivery(item) : undefined;
  }

  /**
   * Deletes what has had its time, and makes up for lost messages.
   * @param longestMs after which nothing more is begun
   */
  sweep(longestMs: number): Promise<Swept> {
    return sweepDeliveries(this.#parts, longestMs);
  }

  /** The delivery of a reservation, which is made unless there is one. */
  async #ensure(
    { id, destination, traceparent, reservedAtMs }: Reservation,
    makeBody: () => string | Promise<string>,
    contentType: string,
    make: (fields: Parameters<typeof newDelivery>[0], nowMs: number) => Delivery,
  ): Promise<{ readonly delivery: Delivery; readonly storeTimeMs: number }> {
    const { clock, deliveries } = this.#parts;
    let storeTimeMs = reservedAtMs;
    if (storeTimeMs === undefined) {
      const known = await savingLost(this.#parts, id, () => deliveries.read(id));
      storeTimeMs = known.storeTimeMs;
      if (known.item) return { delivery: known.item, storeTimeMs };
    }
    const nowMs = storeTimeMs;
    const fields = { id, destination, contentType, ...(traceparent === undefined ? {} : { traceparent }) };
    const delivery = await deliveries.accept(await makeBody(), (bodyDigest) =>
      make({ ...fields, bodyDigest }, nowMs),
    );
    if (delivery) return { delivery, storeTimeMs };
    throw new StorageError('The delivery was deleted while it was looked for. Post the alerts again.', {
      retryAtMs: clock.monotonicMs() + RACE_RETRY_MS,
    });
  }
}

/** What somebody who asks for a delivery is shown. Times are ISO 8601. */
export interface DeliveryView extends ForwardReceipt {
  /** How often it was tried. */
  readonly attempts: number;
  /** What the receiver answered last; absent when it did not. */
  readonly lastStatus?: number;
  /** Why the last attempt failed, or why it was given up. */
  readonly reason?: string;
  readonly acceptedAt: string;
  /** While it is queued. */
  readonly nextAttempt?: string;
  readonly endedAt?: string;
}

/** A delivery as it is shown. */
export function viewDelivery(delivery: Delivery): DeliveryView {
  const { attempts, last, acceptedAtMs, nextAtMs, end } = delivery;
  const lastStatus = end?.kind === 'delivered' ? end.status : last?.status;
  const reason = end?.kind === 'delivered' ? undefined : end ? end.reason : last?.reason;
  return {
    ...receiptOf(delivery),
    attempts,
    ...(lastStatus === undefined ? {} : { lastStatus }),
    ...(reason === undefined ? {} : { reason }),
    acceptedAt: iso(acceptedAtMs),
    ...(end ? { endedAt: iso(end.atMs) } : { nextAttempt: iso(nextAtMs) }),
  };
}

/** What the answer to a post says of a delivery. */
function receiptOf({ id, destination, end }: Delivery): ForwardReceipt {
  return { id, destination, status: end?.kind ?? 'queued' };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** What is said to whoever asks for a delivery that there is not. */
function unknownDelivery(): EnrichmentError {
  return new EnrichmentError(
    'delivery-unknown',
    'There is no delivery with this id. What was delivered is known for ' +
      `${DELIVERED_KEPT_DAYS} days, a dead letter for ${DEAD_KEPT_DAYS}.`,
  );
}
