import type { Deadline } from '../base/deadline.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import type { ForwardReceipt } from '../enrichment/result.js';
import { digestOf } from './delivery-store.js';

/** A post that shall be forwarded. */
export interface ForwardedPost {
  /** The destination's name. */
  readonly destination: string;
  /** The payload as posted. */
  readonly text: string;
  /** The options that shape the answer, as a query. */
  readonly query: string;
  /** The caller's own idempotency key; absent: posts with the same body and options are the same. */
  readonly dedupe: string | undefined;
  /** W3C Trace Context of the request. */
  readonly traceparent: string | undefined;
}

/** An id that is reserved for what becomes of a post; equal posts share it. A job keeps its own. */
export interface Reservation {
  /** The delivery's. */
  readonly id: string;
  readonly destination: string;
  readonly traceparent?: string;
  /** By the store's time; there when the id was made for this post, so that there is no delivery yet. */
  readonly reservedAtMs?: number;
}

/** Forwards enriched alerts: by a queue, or, where nothing is stored, while the caller waits. */
export interface Forwarding {
  /**
   * @throws {StorageError} when the store is down: then the post has to be repeated
   * @throws {EnrichmentError} `dedupe-reused`
   */
  reserve(post: ForwardedPost): Promise<Reservation>;
  /**
   * What became of what was taken over under this id before, which is on its way for certain; undefined when
   * nothing was.
   * @throws {StorageError} when the store is down
   */
  receipt(reservation: Reservation): Promise<ForwardReceipt | undefined>;
  /**
   * Takes the enriched payload over. What was taken over under this id before is not sent again: the receipt
   * says what became of it.
   * @throws {EnrichmentError} when it has not been taken over: then the post has to be repeated
   */
  forward(reservation: Reservation, enriched: EnrichedPayload, deadline: Deadline): Promise<ForwardReceipt>;
}

/** The idempotency key of a post, as a digest: a caller's key or payload has no place in a blob's name. */
export function idempotencyKey({ destination, text, query, dedupe }: ForwardedPost): string {
  const what = dedupe === undefined ? ['post', destination, query, text] : ['key', destination, dedupe];
  return digestOf(JSON.stringify(what));
}

/** A digest of what a post asks for, whatever its key. */
export function contentsOf({ text, query }: ForwardedPost): string {
  return digestOf(JSON.stringify([query, text]));
}

/** A reservation of this id for a post. */
export function reservationOf(
  id: string,
  { destination, traceparent }: ForwardedPost,
  reservedAtMs?: number,
): Reservation {
  return {
    id,
    destination,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(reservedAtMs === undefined ? {} : { reservedAtMs }),
  };
}
