import { EnrichmentError } from '../base/errors.js';
import { OtherVersionError } from '../queue-work/work-store.js';
import {
  BODY_MISSING,
  type DeadLetterParts,
  destinationRemoved,
  ensureMessage,
  savingLost,
} from './dead-letters.js';
import type { Delivery } from './delivery.js';
import type { DeadMark } from './delivery-store.js';
import { destinationNamed } from './destination.js';
import { redrive } from './transitions.js';

/** Dead letters: lists of them, and sending them again. */

/** What redriving a dead letter came to. */
export type Redriven =
  | { readonly kind: 'requeued'; readonly delivery: Delivery }
  /** There is no such delivery. */
  | { readonly kind: 'unknown' }
  /** It is none of those that are wanted. */
  | { readonly kind: 'other' }
  /** It cannot be sent; `why` is a sentence. */
  | { readonly kind: 'refused'; readonly why: string };

/**
 * Sends a dead letter again, under its id, the schedule from its start. It is safe to do so twice: of two
 * that do it at the same time one writes the state, and a message too many does nothing.
 *
 * @param isWanted asked before anything is changed
 * @param mark the mark that it was found by
 */
export async function redriveOne(
  parts: DeadLetterParts,
  id: string,
  isWanted: (delivery: Delivery) => boolean = () => true,
  mark?: DeadMark,
): Promise<Redriven> {
  const { deliveries, destinations } = parts;
  const changed = await savingLost(parts, id, () =>
    deliveries.change(id, (before, nowMs) => {
      const isKnown = destinationNamed(destinations, before.destination) !== undefined;
      return {
        before,
        isKnown,
        nowMs,
        next: isKnown && isWanted(before) ? redrive(before, nowMs) : undefined,
      };
    }),
  );
  if (!changed) return { kind: 'unknown' };
  const { before, isKnown, nowMs, next: delivery = before } = changed;
  if (!isWanted(before)) return { kind: 'other' };
  if (!isKnown) return { kind: 'refused', why: destinationRemoved(before.destination) };
  if (before.end?.kind === 'dead-lettered' && before.end.body === 'missing') {
    return { kind: 'refused', why: BODY_MISSING };
  }
  // One that was redriven before may be without its message: that is made up for.
  const isRedriven =
    delivery !== before || (!before.end && before.run.generation > 0 && before.run.failed === 0);
  if (!isRedriven) {
    const status = before.end?.kind ?? 'queued';
    return { kind: 'refused', why: `Only a dead letter can be, and it is ${status}.` };
  }
  await ensureMessage(parts, delivery, nowMs);
  await (mark ? deliveries.deleteMark(mark) : deliveries.unmarkDead(before));
  return { kind: 'requeued', delivery };
}

/** Which dead letters; times in milliseconds since the epoch, both included. */
export interface DeadRange {
  readonly destination: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** How many one call sends again. */
export const MOST_REDRIVEN = 1_000;
/** Redriven at once. */
const BATCH = 16;
/** Marks that are counted in one call. A choice: a hundred requests to the storage. */
const MOST_COUNTED = 50_000;

/**
 * Sends the dead letters of a destination again that died in a span of time, the latest first.
 * @param longestMs after which no more is begun
 * @returns `remaining`: those that could be sent again and were not, since there were too many or the time
 *   was up
 */
export async function redriveRange(
  parts: DeadLetterParts,
  { destination, sinceMs, untilMs }: DeadRange,
  longestMs: number,
): Promise<{ readonly requeued: number; readonly remaining: number }> {
  const { clock, deliveries } = parts;
  const endMs = clock.monotonicMs() + longestMs;
  const isInRange = (atMs: number) => atMs >= sinceMs && atMs <= untilMs;
  const isWanted = (one: Delivery) =>
    one.destination === destination &&
    (one.end ? one.end.kind === 'dead-lettered' && isInRange(one.end.atMs) : one.run.failed === 0);
  const mayBeWanted = ({ facts }: DeadMark) =>
    !facts || (facts.destination === destination && facts.hasBody && isInRange(facts.atMs));
  let requeued = 0;
  let remaining = 0;
  let counted = 0;
  for (let after: string | undefined; ; ) {
    const { marks, next } = await deliveries.deadMarks(after);
    const wanted = marks.filter(mayBeWanted);
    for (let at = 0; at < wanted.length; at += BATCH) {
      const batch = wanted.slice(at, at + BATCH);
      const now = requeued >= MOST_REDRIVEN || clock.monotonicMs() >= endMs ? [] : batch;
      const room = Math.min(now.length, MOST_REDRIVEN - requeued);
      const became = await Promise.all(
        now
          .slice(0, room)
          .map((mark) => redriveOne(parts, mark.id, isWanted, mark).catch(unlessOtherVersion)),
      );
      requeued += became.filter((one) => one?.kind === 'requeued').length;
      remaining += batch.length - became.length;
    }
    counted += marks.length;
    after = next;
    if (after === undefined || counted >= MOST_COUNTED) return { requeued, remaining };
  }
}

/** A state of a later version is that version's to show and to send. */
function unlessOtherVersion(error: unknown): undefined {
  if (!(error instanceof OtherVersionError)) throw error;
}

/** A dead letter in a list. Times are ISO 8601. */
export interface ListedDeadLetter {
  readonly id: string;
  readonly destination: string;
  readonly status: 'dead-lettered';
  readonly attempts: number;
  /** What the receiver answered last; absent when it did not. */
  readonly lastStatus?: number;
  readonly acceptedAt: string;
  readonly deadLetteredAt: string;
  /** Whether there is something to be sent again. */
  readonly hasBody: boolean;
}

/** Dead letters in a page of a list. */
const MOST_LISTED = 100;
/** Pages of marks that are looked through for one page of the list; it is shorter then. */
const MOST_PAGES = 10;

/**
 * Dead letters, the newest first.
 * @param destination only this one's; undefined: all
 * @param after `next` of the page before
 * @throws {EnrichmentError} `invalid-option` for an `after` that is none of ours
 */
export async function listDead(
  parts: DeadLetterParts,
  destination: string | undefined,
  after: string | undefined,
): Promise<{ readonly value: readonly ListedDeadLetter[]; readonly next: string | undefined }> {
  const { deliveries } = parts;
  let place: Place = after === undefined ? { marker: undefined, last: '' } : readPlace(after);
  const wanted: DeadMark[] = [];
  let isOver = false;
  for (let pages = 0; pages < MOST_PAGES && wanted.length < MOST_LISTED && !isOver; pages++) {
    const { marks, next } = await deliveries.deadMarks(place.marker);
    const fitting = marks.filter(
      ({ name, facts }) => name > place.last && (!destination || !facts || facts.destination === destination),
    );
    const taken = fitting.slice(0, MOST_LISTED - wanted.length);
    wanted.push(...taken);
    if (taken.length < fitting.length) {
      place = { marker: place.marker, last: taken.at(-1)?.name ?? place.last };
    } else {
      place = { marker: next, last: '' };
      isOver = next === undefined;
    }
  }
  const value: ListedDeadLetter[] = [];
  for (let at = 0; at < wanted.length; at += BATCH) {
    const read = await Promise.all(
      wanted
        .slice(at, at + BATCH)
        .map(({ id }) => savingLost(parts, id, () => deliveries.read(id)).catch(unlessOtherVersion)),
    );
    value.push(...read.flatMap((stored) => (stored?.item ? asListed(stored.item) : [])));
  }
  const shown = destination ? value.filter((one) => one.destination === destination) : value;
  return { value: shown, next: isOver ? undefined : writePlace(place) };
}

function asListed({ id, destination, attempts, last, acceptedAtMs, end }: Delivery): ListedDeadLetter[] {
  if (end?.kind !== 'dead-lettered') return []; // sent again, and its mark has not been deleted
  return [
    {
      id,
      destination,
      status: end.kind,
      attempts,
      ...(last?.status === undefined ? {} : { lastStatus: last.status }),
      acceptedAt: new Date(acceptedAtMs).toISOString(),
      deadLetteredAt: new Date(end.atMs).toISOString(),
      hasBody: end.body !== 'missing',
    },
  ];
}

/** Where a list goes on: a page of marks, and the last one of it that was listed. */
interface Place {
  readonly marker: string | undefined;
  readonly last: string;
}

/** A caller can send anything. */
const LONGEST_PLACE = 4_096;

function writePlace({ marker, last }: Place): string {
  return Buffer.from(JSON.stringify([marker ?? '', last])).toString('base64url');
}

function readPlace(text: string): Place {
  try {
    if (text.length > LONGEST_PLACE) throw new RangeError('too long');
    const [marker, last] = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof marker !== 'string' || typeof last !== 'string') throw new TypeError('no place');
    return { marker: marker || undefined, last };
  } catch {
    throw new EnrichmentError('invalid-option', 'The option "after" is not one that nextLink gave.');
  }
}
