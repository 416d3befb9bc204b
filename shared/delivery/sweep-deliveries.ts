import { sweepWork } from '../queue-work/sweep-work.js';
import type { BlobStore } from '../storage/blob-store.js';
import { type Listed, pages } from '../storage/pages.js';
import type { Swept } from '../storage/sweep.js';
import { announceDead, type DeadLetterParts, saveLost } from './dead-letters.js';
import { DEAD_KEPT_DAYS, DELIVERED_KEPT_DAYS, type DeliveryPlaces } from './delivery-store.js';
import { mayLackMessage } from './transitions.js';

const DAY_MS = 86_400_000;
const DELIVERED_KEPT_MS = DELIVERED_KEPT_DAYS * DAY_MS;
const DEAD_KEPT_MS = DEAD_KEPT_DAYS * DAY_MS;
/**
 * A state is read on the two days after the one on which it was written: a delivery whose message is lost is
 * then overdue, since no wait is longer than a day and a tenth. Those that were delivered are read with them,
 * twice each.
 */
const LOOKED_AT_MS = [DAY_MS, 3 * DAY_MS] as const;

/** What a sweep of deliveries works with. */
export interface SweepParts extends DeadLetterParts {
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly store: BlobStore;
  readonly places: DeliveryPlaces;
}

/**
 * Deletes deliveries that have had their time, and sends a message for each that is long overdue: somebody
 * may have cleared the queue. Nothing that is queued is ever deleted, however old.
 *
 * @throws {StorageError} when the store is down
 */
export async function sweepDeliveries(parts: SweepParts, longestMs: number): Promise<Swept> {
  const { clock, store, places, deliveries } = parts;
  const untilMs = clock.monotonicMs() + longestMs;
  const marks = new Map<string, Listed[]>();
  for await (const { blobs } of pages(store, places.dead)) {
    if (clock.monotonicMs() >= untilMs) return { seen: 0, deleted: 0, finished: false };
    for (const mark of blobs) {
      const id = places.idIn(mark.name);
      marks.set(id, [...(marks.get(id) ?? []), mark]);
    }
  }
  return sweepWork(
    {
      ...parts,
      items: deliveries,
      isToBeRead(id, lastModifiedMs, ageMs) {
        const ofIt = marks.get(id) ?? [];
        // A mark is written after its state. Dead letters that stay are not read each day.
        if (ofIt.some((mark) => mark.lastModifiedMs >= lastModifiedMs)) return ageMs > DEAD_KEPT_MS;
        const isInTime = ageMs > LOOKED_AT_MS[0] && ageMs <= LOOKED_AT_MS[1];
        return isInTime || ageMs > DELIVERED_KEPT_MS || (ofIt.length > 0 && ageMs > DAY_MS);
      },
      needsRequeue: mayLackMessage,
      isExpired: ({ end }, nowMs) =>
        nowMs - (end?.atMs ?? nowMs) > (end?.kind === 'delivered' ? DELIVERED_KEPT_MS : DEAD_KEPT_MS),
      seen: async (delivery) => {
        const ofIt = marks.get(delivery.id) ?? [];
        if (delivery.end?.kind !== 'dead-lettered') {
          for (const { name, etag } of ofIt) await store.delete(name, etag); // redriven since
        } else if (ofIt.length === 0) await announceDead(parts, delivery);
      },
      stateLost: (id) => saveLost(parts, { id, generation: 0 }),
      parts: [
        { folder: places.bodies, olderThanMs: DAY_MS },
        { folder: places.dead, olderThanMs: DAY_MS },
        { folder: places.setAside, olderThanMs: DEAD_KEPT_MS },
        { folder: places.failures, olderThanMs: DELIVERED_KEPT_MS },
      ],
    },
    Math.max(0, untilMs - clock.monotonicMs()),
  );
}
