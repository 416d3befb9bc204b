import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.js';
import type { Deadline } from '../base/deadline.js';
import { EnrichmentError } from '../base/errors.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import type { ForwardReceipt } from '../enrichment/result.js';
import { render } from '../formats/render.js';
import { newId } from '../queue-work/message.js';
import { REMEMBERED_MS } from './delivery-store.js';
import { type Destination, destinationNamed } from './destination.js';
import { type ForwardedPost, type Forwarding, type Order, orderOf, samenessOf } from './forwarding.js';
import { nextHop } from './next-hop.js';
import type { Send, Sent } from './sending.js';

/** What delivering at once needs. */
export interface AtOnceParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly destinations: readonly Destination[];
  readonly send: Send;
}

/** Posts remembered; a hundred bytes each. */
const MOST_POSTS = 10_000;
/** When a receiver that names no wait is worth trying again. */
const COME_BACK_MS = 5_000;

interface Remembered {
  readonly id: string;
  readonly sinceMs: number;
}

/**
 * Forwarding where nothing is stored: tried once, while the caller waits. A failure is the caller's to
 * see and to repeat; nothing is said to be queued. Within the hour an equal post has the same id, and one
 * that was delivered is not sent again, as far as this process remembers.
 */
export class DeliveryAtOnce implements Forwarding {
  readonly #parts: AtOnceParts;
  readonly #posts = new LRUCache<string, Remembered>({ max: MOST_POSTS });
  readonly #delivered = new LRUCache<string, true>({ max: MOST_POSTS });

  constructor(parts: AtOnceParts) {
    this.#parts = parts;
  }

  async order(post: ForwardedPost): Promise<Order> {
    const digest = samenessOf(post);
    const nowMs = this.#parts.clock.monotonicMs();
    const known = this.#posts.get(digest);
    if (known && nowMs - known.sinceMs < REMEMBERED_MS) return orderOf(known.id, post);
    const id = newId();
    this.#posts.set(digest, { id, sinceMs: nowMs });
    return orderOf(id, post);
  }

  async receipt({ id, destination }: Order): Promise<ForwardReceipt | undefined> {
    return this.#delivered.has(id) ? { id, destination, status: 'delivered' } : undefined;
  }

  async forward(order: Order, enriched: EnrichedPayload, deadline: Deadline): Promise<ForwardReceipt> {
    const { clock, random, destinations, send } = this.#parts;
    const { id, destination: name } = order;
    const receipt = { id, destination: name, status: 'delivered' } as const;
    if (this.#delivered.has(id)) return receipt;
    const destination = destinationNamed(destinations, name);
    if (!destination) throw new TypeError('a caller named a destination that the options do not know');
    const { format } = destination;
    const traceparent = nextHop(order.traceparent, random);
    const body = await render(format, enriched);
    const outgoing = { id, body, contentType: format.contentType, traceparent };
    const beganMs = clock.monotonicMs();
    const sent = await deadline
      .unlessOver(send(destination, outgoing, deadline.signal))
      .catch((error: unknown) => {
        throw deadline.signal.aborted ? tooLate(name, clock.monotonicMs()) : error;
      });
    const nowMs = clock.monotonicMs();
    if (sent.kind !== 'delivered') throw failure(destination, sent, nowMs - beganMs, nowMs);
    this.#delivered.set(id, true);
    return receipt;
  }
}

/** A receiver's failure as the caller's: 504 when it took too long, 503 when it was not tried, else 502. */
function failure(
  { name, timeoutMs }: Destination,
  sent: Exclude<Sent, { kind: 'delivered' }>,
  tookMs: number,
  nowMs: number,
): EnrichmentError {
  if (sent.kind === 'spared') {
    return new EnrichmentError(
      'destination-spared',
      `${notForwarded(name)}: it has failed again and again, and is left alone for now. Post the alerts again later.`,
      { retryAtMs: nowMs + sent.retryAfterMs },
    );
  }
  const { status, reason } = sent;
  const isTooSlow = status === undefined && tookMs >= timeoutMs;
  const retryAfterMs =
    sent.kind === 'failed' && !sent.lasts ? (sent.retryAfterMs ?? COME_BACK_MS) : undefined;
  const passes = retryAfterMs !== undefined;
  const advice = passes ? 'Post the alerts again.' : 'Mend the destination, then post the alerts again.';
  return new EnrichmentError(
    isTooSlow ? 'destination-timeout' : 'destination-failed',
    `${notForwarded(name)}. ${reason} ${advice}`,
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

function notForwarded(name: string): string {
  return `The enrichment worked, but its forwarding to "${name}" did not, and with STATE_STORAGE=memory nothing is queued`;
}

/** What is said to whoever asks for a delivery where nothing is stored. */
export function withoutQueue(): EnrichmentError {
  return new EnrichmentError(
    'delivery-unknown',
    'Nothing is kept of deliveries: STATE_STORAGE is "memory", so each is tried once while the caller waits, and ' +
      'the answer says what became of it.',
  );
}
