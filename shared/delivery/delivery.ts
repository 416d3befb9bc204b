import { isObject } from '../payload/json.js';
import type { WorkItem } from '../queue-work/work-item.js';
import type { StateFormat } from '../queue-work/work-store.js';

/**
 * A delivery: one body on its way to one destination, as its state blob holds it. All times are the store's,
 * in milliseconds since the epoch: instances' own calendars can be minutes apart.
 */
export interface Delivery extends WorkItem {
  /** The `webhook-id` at each attempt, by which the receiver knows what it has had already. */
  readonly id: string;
  /** Name of the destination: where that is, and with what secret, is looked up at each attempt. */
  readonly destination: string;
  readonly contentType: string;
  /** SHA-256 of what is to be sent, in hexadecimal; absent in what version 0.1.0 accepted. */
  readonly bodyDigest?: string;
  /** What is to be sent, if it is small and has not been delivered yet; else it is in a blob of its own. */
  readonly body?: string;
  /** W3C Trace Context of the request that was accepted. */
  readonly traceparent?: string;
  readonly acceptedAtMs: number;
  /** How often it was tried, and what became of the last attempt. */
  readonly attempts: number;
  readonly last?: FailedAttempt;
  readonly run: Run;
  /** When the next attempt is due. */
  readonly nextAtMs: number;
  readonly end?: DeliveryEnd | undefined;
}

/** One attempt that failed. */
export interface FailedAttempt {
  readonly atMs: number;
  /** What the receiver answered; absent when it did not. */
  readonly status?: number;
  /** A sentence for the reader. */
  readonly reason: string;
}

/** One way through the destination's schedule; redriving a dead letter begins another one. */
export interface Run {
  /** Of its first message. */
  readonly generation: number;
  /** Attempts of this run that failed. */
  readonly failed: number;
}

/** How a delivery ended, and when. */
export type DeliveryEnd =
  | { readonly kind: 'delivered'; readonly atMs: number; readonly status: number }
  /** The reason is a sentence for the reader. */
  | {
      readonly kind: 'dead-lettered';
      readonly atMs: number;
      readonly reason: string;
      readonly body?: OddBody;
    };

/**
 * What is kept of a dead letter where it is not what was to be sent: nothing that could be sent again; or the
 * alerts as they were posted, in place of the destination's format.
 */
export type OddBody = 'missing' | 'as-posted';

/** The destination of a delivery whose state was lost; no configured one can have this name. */
export const UNKNOWN_DESTINATION = '-unknown-';

/** Where a body is that has not been delivered, version 0.1.0 does not know. */
const BODY_ELSEWHERE = 2;

/** How a delivery is written and read. */
export const DELIVERY_STATE: StateFormat<Delivery> = {
  newest: BODY_ELSEWHERE,
  versionOf: ({ bodyDigest, end }) =>
    bodyDigest !== undefined && end?.kind !== 'delivered' ? BODY_ELSEWHERE : 1,
  read(value) {
    const { destination, contentType, generation, acceptedAtMs, attempts, nextAtMs, run, end } = value;
    const isDelivery =
      [destination, contentType].every((one) => typeof one === 'string') &&
      [generation, acceptedAtMs, attempts, nextAtMs].every(Number.isFinite) &&
      isObject(run) &&
      [run.generation, run.failed].every(Number.isFinite) &&
      (end === undefined || (isObject(end) && Number.isFinite(end.atMs)));
    return isDelivery ? (value as unknown as Delivery) : undefined;
  },
};
