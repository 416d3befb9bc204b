import type { Clock } from '../base/clock.js';
import type { BlobStore } from '../storage/blob-store.js';
import { inBatches, isOlder, type Listed, pages } from '../storage/pages.js';
import type { QueueStore } from '../storage/queue-store.js';
import type { Swept } from '../storage/sweep.js';
import type { Places } from './blob-names.js';
import { writeMessage } from './message.js';
import type { WorkItem } from './work-item.js';
import { DamagedStateError, OtherVersionError, type WorkStore } from './work-store.js';

/** What a sweep works with, and what it is to do with one kind of work. */
export interface WorkSweep<W extends WorkItem> {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly store: BlobStore;
  readonly items: WorkStore<W>;
  readonly queue: QueueStore;
  readonly places: Places;
  /**
   * Whether a state has to be read, by when it was written and how long ago that is. One that is not read
   * stays.
   */
  readonly isToBeRead: (id: string, lastModifiedMs: number, ageMs: number) => boolean;
  /** Whether an item that has not ended may be without a message. */
  readonly needsRequeue: (item: W, nowMs: number) => boolean;
  /** Whether an item that has ended has had its time. */
  readonly isExpired: (item: W, nowMs: number) => boolean;
  /** Told of each item that was read and stays. */
  readonly seen?: (item: W) => Promise<unknown>;
  /** Saves what is left of an item whose state is damaged. */
  readonly stateLost: (id: string) => Promise<unknown>;
  /** Folders of what belongs to items: a blob of this age whose item is gone is deleted. */
  readonly parts: readonly { readonly folder: string; readonly olderThanMs: number }[];
}

/** The first characters of ids. */
const FIRST_CHARACTERS = [...'0123456789abcdef'];

/**
 * Sends a message for each item that may be without one, and deletes what has had its time: first the states,
 * then parts that belong to none. It can be cut off anywhere: it keeps no place, and what has expired today
 * has so tomorrow. It begins at a random place, so that one that never comes to its end neglects none.
 *
 * @param longestMs after which it begins with nothing more
 * @throws {StorageError} when the store is down
 */
export async function sweepWork<W extends WorkItem>(sweep: WorkSweep<W>, longestMs: number): Promise<Swept> {
  const { clock, random, store, places, parts } = sweep;
  const untilMs = clock.monotonicMs() + longestMs;
  const isTimeUp = () => clock.monotonicMs() >= untilMs;
  const counts = { seen: 0, deleted: 0 };
  const alive = new Set<string>();
  const first = Math.floor(random() * FIRST_CHARACTERS.length);
  for (const character of [...FIRST_CHARACTERS.slice(first), ...FIRST_CHARACTERS.slice(0, first)]) {
    for await (const page of pages(store, `${places.states}${character}`)) {
      counts.seen += page.blobs.length;
      const isDone = await inBatches(page.blobs, isTimeUp, async (blob) => {
        const id = places.idIn(blob.name);
        const { lastModifiedMs } = blob;
        const isToBeRead = sweep.isToBeRead(id, lastModifiedMs, page.storeTimeMs - lastModifiedMs);
        if (!isToBeRead || (await staysAfterLook(sweep, id, blob))) alive.add(id);
        else counts.deleted++;
      });
      if (!isDone) return { ...counts, finished: false };
    }
  }
  for (const { folder, olderThanMs } of parts) {
    for await (const page of pages(store, folder)) {
      counts.seen += page.blobs.length;
      const over = page.blobs.filter(
        (blob) => isOlder(page, blob, olderThanMs) && !alive.has(places.idIn(blob.name)),
      );
      const isDone = await inBatches(over, isTimeUp, async ({ name, etag }) => {
        await store.delete(name, etag);
        counts.deleted++;
      });
      if (!isDone) return { ...counts, finished: false };
    }
  }
  return { ...counts, finished: true };
}

/** Reads an item and sees to it; false when its state was deleted. */
async function staysAfterLook<W extends WorkItem>(
  sweep: WorkSweep<W>,
  id: string,
  { name, etag }: Listed,
): Promise<boolean> {
  const { store, items, queue } = sweep;
  try {
    const { item, storeTimeMs } = await items.read(id);
    if (!item) return false;
    if (item.end && sweep.isExpired(item, storeTimeMs)) {
      await store.delete(name, etag);
      // One that was begun anew at this moment has another ETag, and stays.
      return (await store.read(name)).blob !== undefined;
    }
    if (sweep.needsRequeue(item, storeTimeMs)) await queue.send(writeMessage(item), 0);
    await sweep.seen?.(item);
  } catch (error) {
    if (error instanceof DamagedStateError) await sweep.stateLost(id);
    else if (!(error instanceof OtherVersionError)) throw error;
  }
  return true;
}
