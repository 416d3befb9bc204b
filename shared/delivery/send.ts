import type { Clock } from '../base/clock.js';
import { CodeNotLoadedError } from '../base/errors.js';
import type { Emit } from '../base/telemetry-event.js';
import { currentTrace, inTrace, type Trace } from '../base/trace.js';
import type { AccessToken } from '../identity/token-cache.js';
import { type Destination, originOf } from './destination.js';

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
export type Attempt =
  | { readonly kind: 'delivered'; readonly status: number }
  /** `status` is absent when there was no answer; `retryAfterMs` when the receiver named no wait. */
  | {
      readonly kind: 'failed';
      readonly status?: number;
      readonly reason: string;
      readonly retryAfterMs?: number;
      /** Trying again does not help whoever waits: something has to be fixed first. */
      readonly lasts?: true;
    }
  /** 410: the receiver wants nothing more of this. */
  | { readonly kind: 'gone'; readonly status: 410; readonly reason: string };

/**
 * Tries once to send; what a receiver does is never thrown. `signal` cuts it short of the time-out.
 * @throws {CodeNotLoadedError} when nothing was sent, since the code for it could not be loaded
 */
export type Send = (destination: Destination, outgoing: Outgoing, signal?: AbortSignal) => Promise<Attempt>;

/** What sending needs of the app. */
export interface Sender {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly emit: Emit;
  readonly userAgent: string;
  /** The app's own token for a scope. */
  readonly ownToken: (scope: string, signal: AbortSignal) => Promise<AccessToken>;
}

/** Makes the requests of attempts. */
type Poster = ReturnType<typeof import('./post.js')['createPoster']>;

/**
 * Sends, and emits a telemetry event for each attempt. The HTTP client is loaded with the first one: a cold
 * start does not pay for it.
 *
 * @param load for tests of a package that is damaged
 */
export function createSend(sender: Sender, load = () => import('./post.js')): Send {
  const { clock, random, emit } = sender;
  let poster: Promise<Poster> | undefined;
  return async (destination, outgoing, signal = new AbortController().signal) => {
    poster ??= load().then(({ createPoster }) => createPoster(sender));
    const post = await poster.catch((cause: unknown) => {
      poster = undefined; // a fault that passes must not last until a restart
      throw new CodeNotLoadedError('sends to destinations', cause);
    });
    const startedAtMs = clock.epochMs();
    const beganMs = clock.monotonicMs();
    const attempt = await post(
      destination,
      { ...outgoing, traceparent: childTraceparent(outgoing.traceparent, random) },
      signal,
    );
    inTrace(traceOf(outgoing), () =>
      emit({
        kind: 'delivery-attempt',
        deliveryId: outgoing.id,
        destination: destination.name,
        origin: originOf(destination),
        outcome: attempt.kind,
        status: attempt.status,
        startedAtMs,
        durationMs: clock.monotonicMs() - beganMs,
      }),
    );
    return attempt;
  };
}

/** The request's own trace while it lasts; afterwards what the delivery has kept of it. */
function traceOf({ traceparent }: Outgoing): Trace | undefined {
  const trace = currentTrace();
  if (traceparent === undefined || traceIdOf(trace?.traceparent) === traceIdOf(traceparent)) return trace;
  return { traceparent, properties: {} };
}

function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.split('-')[1];
}

/**
 * A trace as it goes on in another hop: the same trace id with a span id of its own
 * (https://www.w3.org/TR/trace-context/#mutating-the-traceparent-field).
 *
 * @param random from 0 to below 1
 * @returns undefined for what is no `traceparent`
 */
export function childTraceparent(traceparent: string | undefined, random: () => number): string | undefined {
  const [, traceId, flags] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
  if (traceId === undefined) return undefined;
  const half = () =>
    Math.floor(1 + random() * 0xffff_fffe)
      .toString(16)
      .padStart(8, '0'); // all zeros are none
  return `00-${traceId}-${half()}${half()}-${flags}`;
}
