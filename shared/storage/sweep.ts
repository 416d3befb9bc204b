import type { Clock } from '../clock.js';
import type { BlobStore } from './blob-store.js';

/** Which blobs have had their time. */
export interface SweepRule {
  readonly prefix: string;
  /** Only names that hold this. */
  readonly containing: string;
  /** By the store's own times. */
  readonly olderThanMs: number;
}

/** What a sweep did. */
export interface Swept {
  readonly seen: number;
  readonly deleted: number;
  /** False when its time was up first: the next one goes on with what is left. */
  readonly finished: boolean;
}

/** Deletions under way at once. */
const BATCH = 16;

/**
 * Deletes expired blobs, a page at a time, until none is left or the time is up. It can be ended
 * anywhere: it keeps no place, and what is expired today is so tomorrow. A blob that was written again
 * since it was listed stays.
 *
 * @throws {StorageError} when the store is down
 */
export async function sweep(
  store: BlobStore,
  clock: Clock,
  rules: readonly SweepRule[],
  longestMs: number,
): Promise<Swept> {
  const untilMs = clock.monotonicMs() + longestMs;
  let seen = 0;
  let deleted = 0;
  for (const { prefix, containing, olderThanMs } of rules) {
    let after: string | undefined;
    do {
      const page = await store.list(prefix, after);
      seen += page.blobs.length;
      const expired = page.blobs.filter(
        ({ name, lastModifiedMs }) =>
          name.includes(containing) && page.storeTimeMs - lastModifiedMs > olderThanMs,
      );
      for (let first = 0; first < expired.length; first += BATCH) {
        if (clock.monotonicMs() >= untilMs) return { seen, deleted, finished: false };
        const batch = expired.slice(first, first + BATCH);
        await Promise.all(batch.map(({ name, etag }) => store.delete(name, etag)));
        deleted += batch.length;
      }
      after = page.next;
      if (after !== undefined && clock.monotonicMs() >= untilMs) return { seen, deleted, finished: false };
    } while (after !== undefined);
  }
  return { seen, deleted, finished: true };
}
