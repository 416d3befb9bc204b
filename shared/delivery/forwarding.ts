import { createHash } from 'node:crypto';
import type { Deadline } from '../base/deadline.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import type { ForwardReceipt } from '../enrichment/result.js';

/** A post that shall be forwarded. */
export interface ForwardedPost {
  /** The destination's name. */
  readonly destination: string;
  /** The payload as posted. */
  readonly text: string;
  /** The options that shape the answer, as a query. */
  readonly query: string;
  /** The caller's own word for what is the same post; absent: the body and the options are. */
  readonly dedupe: string | undefined;
  /** W3C Trace Context of the request. */
  readonly traceparent: string | undefined;
}

/** The order to forward what becomes of a post, under an id that equal posts share. A job keeps its own. */
export interface Order {
  /** The delivery's. */
  readonly id: string;
  readonly destination: string;
  readonly traceparent?: string;
}

/** Forwards enriched alerts: by a queue, or, where nothing is stored, while the caller waits. */
export interface Forwarding {
  /** @throws {StorageError} when the store is down: then the post has to be repeated */
  order(post: ForwardedPost): Promise<Order>;
  /**
   * What became of an order that was carried out already, and is on its way for certain; undefined of one that was
   * not.
   * @throws {StorageError} when the store is down
   */
  receipt(order: Order): Promise<ForwardReceipt | undefined>;
  /**
   * Takes the enriched payload over. What it returns is the truth: an order that was carried out already
   * is not carried out again, and says what became of it.
   * @throws {EnrichmentError} when it has not been taken over: then the post has to be repeated
   */
  forward(order: Order, enriched: EnrichedPayload, deadline: Deadline): Promise<ForwardReceipt>;
}

/** A digest of what makes posts equal: a caller's key or payload has no place in a blob's name. */
export function samenessOf({ destination, text, query, dedupe }: ForwardedPost): string {
  const what = dedupe === undefined ? ['post', destination, query, text] : ['key', destination, dedupe];
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}

/** An order under an id. */
export function orderOf(id: string, { destination, traceparent }: ForwardedPost): Order {
  return { id, destination, ...(traceparent === undefined ? {} : { traceparent }) };
}
