import type { Clock } from '../base/clock.js';
import type { Reporter } from '../base/environment.js';
import { EnrichmentError } from '../base/errors.js';
import type { Emit } from '../base/telemetry-event.js';
import { type Message, writeMessage } from '../queue-work/message.js';
import { DamagedStateError, OtherVersionError } from '../queue-work/work-store.js';
import type { QueueStore } from '../storage/queue-store.js';
import { type Delivery, type OddBody, UNKNOWN_DESTINATION } from './delivery.js';
import { DEAD_KEPT_DAYS, type DeadMark, type DeliveryStore } from './delivery-store.js';
import { type Destination, destinationNamed, originOf } from './destination.js';
import { deadLetter, lostDelivery, mayLackMessage, redrive } from './transitions.js';

/** What dead letters need. */
export interface DeadLetterParts {
  readonly clock: Clock;
  readonly report: Reporter;
  readonly emit: Emit;
  readonly destinations: readonly Destination[];
  readonly deliveries: DeliveryStore;
  readonly queue: QueueStore;
}

/** Why a delivery cannot be sent, nor sent again. */
export const BODY_MISSING =
  'What was to be sent is no longer in the storage account, or was changed there. Post the alerts again.';

/** Why nothing is sent to a destination any more. */
export function destinationRemoved(destination: string): string {
  if (destination === UNKNOWN_DESTINATION) return 'Its state was lost, so its destination is not known.';
  return `No destination named "${destination}" is configured any more: put it back into FORWARD_DESTINATIONS.`;
}

/**
 * Makes a dead letter of a delivery, and says so; undefined when it has ended already. Whoever made it one may have
 * died before it could say so, so one that has ended is announced again.
 */
export async function makeDead(
  parts: DeadLetterParts,
  message: Pick<Message, 'id' | 'generation'>,
  reason: string,
  body?: OddBody,
): Promise<Delivery | undefined> {
  const changed = await parts.deliveries.change(message.id, (before, nowMs) => ({
    before,
    next: deadLetter(before, message, reason, nowMs, body),
  }));
  const now = changed?.next ?? changed?.before;
  if (now && now.generation <= message.generation) await announceDead(parts, now);
  return changed?.next;
}

/**
 * Marks a dead letter, and tells operators how to send it again; does nothing for any other delivery. Twice is better
 * than never: it is also called for one that was perhaps announced before.
 *
 * @throws {StorageError} when it could not be marked; nobody was told then
 */
export async function announceDead(
  { report, emit, destinations, deliveries }: DeadLetterParts,
  delivery: Delivery,
): Promise<void> {
  const { id, destination: name, end } = delivery;
  if (end?.kind !== 'dead-lettered') return;
  await deliveries.markDead(delivery);
  const destination = destinationNamed(destinations, name);
  const where = destination ? `"${name}" (${originOf(destination)})` : `"${name}"`;
  emit({ kind: 'dead-letter', destination: name });
  report({
    event: 'delivery-dead-lettered',
    detail: `The delivery ${id} to ${where} is a dead letter. ${end.reason}${howToSend(id, end.body)}`,
  });
}

function howToSend(id: string, body: OddBody | undefined): string {
  const send = `POST /api/deliveries/${id}/redeliver`;
  switch (body) {
    case 'missing':
      return '';
    case 'as-posted':
      return ` The alerts are kept for ${DEAD_KEPT_DAYS} days, as they were posted; to send them so, not in the destination's format: ${send}.`;
    case undefined:
      return ` It is kept for ${DEAD_KEPT_DAYS} days; to send it again: ${send}.`;
  }
}

/**
 * Makes a dead letter of what is left of a delivery whose state is gone or damaged: it was accepted, so it must not
 * vanish in silence. What stood in the state's place is set aside.
 *
 * @param instead the delivery as this process still knows it, if it does
 * @returns what is there now; undefined when the state could be read again
 */
export async function saveLost(
  parts: DeadLetterParts,
  message: Message,
  instead?: (nowMs: number) => Delivery,
): Promise<Delivery | undefined> {
  const { deliveries, report } = parts;
  const reason = 'Its state in the storage account was deleted or damaged. Post the alerts again.';
  const make = instead ?? ((nowMs: number) => lostDelivery(message, reason, nowMs));
  const saved = await deliveries.replace(message.id, make);
  if (!saved) return undefined;
  const { item, aside } = saved;
  report({
    event: 'delivery-state-lost',
    detail:
      `The state of the delivery ${message.id} was ${aside ? `damaged; it was set aside as ${aside}` : 'gone'}. ` +
      `${instead ? 'It was written again.' : 'The delivery is a dead letter now.'} Find out what writes to or deletes from the storage account.`,
  });
  await announceDead(parts, item);
  return item;
}

/** Runs what needs the state of a delivery; if that is damaged, what is left of it is saved first. */
export async function savingLost<T>(parts: DeadLetterParts, id: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof DamagedStateError)) throw error;
    await saveLost(parts, { id, generation: 0 });
    return run();
  }
}

/** Sends a message for a delivery that may be without one. */
export async function ensureMessage(
  { queue }: Pick<DeadLetterParts, 'queue'>,
  delivery: Delivery,
  storeTimeMs: number,
): Promise<void> {
  if (!mayLackMessage(delivery, storeTimeMs)) return;
  await queue.send(writeMessage(delivery), Math.max(0, delivery.nextAtMs - storeTimeMs));
}

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
 * Sends a dead letter again, under its id, the schedule from its start. It is safe to do so twice: of two that do it at
 * the same time one writes the state, and a message too many does nothing.
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
 * @returns `remaining`: those that could be sent again and were not, since there were too many or the time was up
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
