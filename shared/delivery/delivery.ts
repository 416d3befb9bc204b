import type { Claim } from '../queue-work/claim.js';

/**
 * A delivery: one body on its way to one destination, as its state blob holds it. All times are the
 * store's, in milliseconds since the epoch: instances' own calendars can be minutes apart.
 */
export interface Delivery {
  /** The `webhook-id` at each attempt, by which the receiver knows what it has had already. */
  readonly id: string;
  /** Name of the destination: where that is, and with what secret, is looked up at each attempt. */
  readonly destination: string;
  readonly contentType: string;
  /** W3C Trace Context of the request that was accepted. */
  readonly traceparent?: string;
  readonly acceptedAtMs: number;
  /** Only a message of this generation, or of a later one, is worked on. */
  readonly generation: number;
  /** Who is trying; absent between attempts. */
  readonly claim?: Claim;
  /** How often it was tried, and what became of the last attempt. */
  readonly attempts: number;
  readonly last?: FailedAttempt;
  readonly run: Run;
  /** When the next attempt is due. */
  readonly nextAtMs: number;
  readonly end?: DeliveryEnd;
}

/** One attempt that failed. */
export interface FailedAttempt {
  readonly atMs: number;
  /** What the receiver answered; absent when it did not. */
  readonly status?: number;
  /** A sentence for the reader. */
  readonly reason: string;
}

/** One way through the destination's schedule; a dead letter that is sent again begins another one. */
export interface Run {
  /** Of its first message. */
  readonly generation: number;
  /** Attempts of this run that failed. */
  readonly failed: number;
  /** For how long it was put off since its receiver was spared, in sum. A time in which nobody worked is not in it. */
  readonly sparedMs?: number;
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
 * What is kept of a dead letter where it is not what was to be sent: nothing, so that it cannot be sent again; or
 * the alerts as they were posted, in place of the destination's form.
 */
export type OddBody = 'missing' | 'as-posted';

/** To be raised when a version that knows only the last one would do harm to a state; that version then leaves it alone. */
const VERSION = 1;

/** How a delivery is written as JSON. */
export const DELIVERY_TEXT = {
  write: (delivery: Delivery): string => JSON.stringify({ version: VERSION, ...delivery }),
  /** @returns undefined when the text is no delivery that this version has written */
  read(text: string): Delivery | undefined {
    try {
      const { version, ...delivery } = JSON.parse(text);
      const isDelivery = version === VERSION && typeof delivery.id === 'string' && delivery.run !== undefined;
      return isDelivery ? delivery : undefined;
    } catch {
      return undefined;
    }
  },
};
