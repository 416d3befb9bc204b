import type { Clock } from '../base/clock.js';
import type { BlobStore } from './blob-store.js';
import { inBatches, isOlder, pages } from './pages.js';

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

/**
 * Sweeps part after part, also when one fails: each is of use by itself.
 * @returns what was done in all, and the failure of the first part that failed
 */
export async function sweepAll(
  parts: readonly (() => Promise<Swept>)[],
): Promise<Swept & { readonly failure?: unknown }> {
  let all: Swept & { readonly failure?: unknown } = { seen: 0, deleted: 0, finished: true };
  for (const part of parts) {
    try {
      const { seen, deleted, finished } = await part();
      all = {
        ...all,
        seen: all.seen + seen,
        deleted: all.deleted + deleted,
        finished: all.finished && finished,
      };
    } catch (failure) {
      all = { failure, ...all, finished: false };
    }
  }
  return all;
}

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
  const isTimeUp = () => clock.monotonicMs() >= untilMs;
  const counts = { seen: 0, deleted: 0 };
  for (const { prefix, containing, olderThanMs } of rules) {
    for await (const page of pages(store, prefix)) {
      counts.seen += page.blobs.length;
      const expired = page.blobs.filter(
        (blob) => blob.name.includes(containing) && isOlder(page, blob, olderThanMs),
      );
      const isDone = await inBatches(expired, isTimeUp, async ({ name, etag }) => {
        await store.delete(name, etag);
        counts.deleted++;
      });
      if (!isDone) return { ...counts, finished: false };
    }
  }
  return { ...counts, finished: true };
}
