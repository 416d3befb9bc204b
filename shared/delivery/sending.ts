import type { Destination } from './destination.js';

/** One body on its way to a destination. */
export interface Outgoing {
  /** The `webhook-id`: the same at each attempt, by which a receiver knows what it has had already. */
  readonly id: string;
  readonly body: string;
  readonly contentType: string;
  /** W3C Trace Context of the request that accepted the alert. */
  readonly traceparent: string | undefined;
}

/** What became of one attempt. `reason` is a sentence without anything secret. */
export type Sent =
  | { readonly kind: 'delivered'; readonly status: number }
  /** `status` is absent when there was no answer; `retryAfterMs` when the receiver said none. */
  | {
      readonly kind: 'failed';
      readonly status?: number;
      readonly reason: string;
      readonly retryAfterMs?: number;
      /** That trying again does not help whoever waits: something has to be mended first. */
      readonly lasts?: true;
    }
  /** 410: the receiver wants nothing more of this. */
  | { readonly kind: 'gone'; readonly status: 410; readonly reason: string }
  /** Not tried: the receiver has failed again and again lately, or has as many attempts under way as it may. */
  | { readonly kind: 'spared'; readonly retryAfterMs: number };

/** Tries once to send; never throws for what a receiver does. `signal` cuts it short of the time-out. */
export type Send = (destination: Destination, outgoing: Outgoing, signal?: AbortSignal) => Promise<Sent>;
