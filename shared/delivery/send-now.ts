import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.js';
import type { Deadline } from '../base/deadline.js';
import { EnrichmentError } from '../base/errors.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import type { ForwardReceipt } from '../enrichment/result.js';
import { render } from '../formats/render.js';
import { newId } from '../queue-work/message.js';
import { dedupeReused, REMEMBERED_MS } from './delivery-store.js';
import { type Destination, destinationNamed } from './destination.js';
import {
  contentsOf,
  type ForwardedPost,
  type Forwarding,
  idempotencyKey,
  type Reservation,
  reservationOf,
} from './forwarding.js';
import type { Attempt, Send } from './send.js';

/** What sending at once needs. */
export interface SendNowParts {
  readonly clock: Clock;
  readonly destinations: readonly Destination[];
  readonly send: Send;
}

/** Posts remembered; two hundred bytes each. */
const MOST_POSTS = 10_000;
/** When a receiver that names no wait is worth trying again. A choice. */
const COME_BACK_MS = 5_000;

/** A post of the last hour. */
interface Remembered {
  readonly id: string;
  readonly contents: string;
  readonly sinceMs: number;
}

/**
 * Forwarding where nothing is stored: tried once, while the caller waits. A failure is the caller's to see
 * and to repeat. A queue in memory would say "queued" of what dies with this process, and that is never said.
 * Within the hour an equal post has the same id, and what was delivered is not sent again, as far as this
 * process remembers.
 */
export class SendNow implements Forwarding {
  readonly #parts: SendNowParts;
  readonly #posts = new LRUCache<string, Remembered>({ max: MOST_POSTS });
  readonly #delivered = new LRUCache<string, true>({ max: MOST_POSTS });

  constructor(parts: SendNowParts) {
    this.#parts = parts;
  }

  async reserve(post: ForwardedPost): Promise<Reservation> {
    const [key, contents] = [idempotencyKey(post), contentsOf(post)];
    const nowMs = this.#parts.clock.monotonicMs();
    const known = this.#posts.get(key);
    if (known && nowMs - known.sinceMs < REMEMBERED_MS) {
      if (known.contents !== contents) throw dedupeReused();
      return reservationOf(known.id, post);
    }
    const id = newId();
    this.#posts.set(key, { id, contents, sinceMs: nowMs });
    return reservationOf(id, post);
  }

  async receipt({ id, destination }: Reservation): Promise<ForwardReceipt | undefined> {
    return this.#delivered.has(id) ? { id, destination, status: 'delivered' } : undefined;
  }

  async forward(
    { id, destination: name, traceparent }: Reservation,
    enriched: EnrichedPayload,
    deadline: Deadline,
  ): Promise<ForwardReceipt> {
    const { clock, destinations, send } = this.#parts;
    const receipt = { id, destination: name, status: 'delivered' } as const;
    if (this.#delivered.has(id)) return receipt;
    const destination = destinationNamed(destinations, name);
    if (!destination) throw new TypeError('a caller named a destination that the options do not know');
    const { format } = destination;
    const body = await render(format, enriched);
    const outgoing = { id, body, contentType: format.contentType, traceparent };
    const beganMs = clock.monotonicMs();
    const attempt = await deadline
      .unlessOver(send(destination, outgoing, deadline.signal))
      .catch((error: unknown) => {
        throw deadline.signal.aborted ? tooLate(name, clock.monotonicMs()) : error;
      });
    const nowMs = clock.monotonicMs();
    if (attempt.kind !== 'delivered') throw failure(destination, attempt, nowMs - beganMs, nowMs);
    this.#delivered.set(id, true);
    return receipt;
  }
}

/** A receiver's failure as the caller's: 504 when it took too long, else 502. */
function failure(
  { name, timeoutMs }: Destination,
  attempt: Exclude<Attempt, { kind: 'delivered' }>,
  tookMs: number,
  nowMs: number,
): EnrichmentError {
  const { status, reason } = attempt;
  const isTooSlow = status === undefined && tookMs >= timeoutMs;
  const retryAfterMs =
    attempt.kind === 'failed' && !attempt.lasts ? (attempt.retryAfterMs ?? COME_BACK_MS) : undefined;
  const passes = retryAfterMs !== undefined;
  const advice = passes ? 'Post the alerts again.' : 'Fix the destination, then post the alerts again.';
  return new EnrichmentError(
    isTooSlow ? 'destination-timeout' : 'destination-failed',
    `The enrichment worked, but its forwarding to "${name}" did not, and with STATE_STORAGE=memory nothing is queued. ${reason} ${advice}`,
    passes ? { retryAtMs: nowMs + retryAfterMs } : {},
  );
}

function tooLate(name: string, nowMs: number): EnrichmentError {
  return new EnrichmentError(
    'destination-timeout',
    `The enrichment worked; its forwarding to "${name}" did not end within the time allowed. ` +
      'With STATE_STORAGE=memory nothing is queued: post the alerts again, or allow a longer wait.',
    { retryAtMs: nowMs + COME_BACK_MS },
  );
}

/** What is said to whoever asks for a delivery where nothing is stored. */
export function withoutQueue(): EnrichmentError {
  return new EnrichmentError(
    'delivery-unknown',
    'Nothing is kept of deliveries: STATE_STORAGE is "memory", so each is tried once while the caller waits, and ' +
      'the answer says what became of it.',
  );
}
