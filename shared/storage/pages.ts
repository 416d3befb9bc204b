import type { BlobPage, BlobStore } from './blob-store.js';

/** A blob as a page lists it. */
export type Listed = BlobPage['blobs'][number];

/** Blobs worked on at once. */
const BATCH = 16;

/**
 * All blobs whose names begin so, a page at a time.
 * @throws {StorageError} when the store is down
 */
export async function* pages(store: BlobStore, prefix: string): AsyncGenerator<BlobPage> {
  let after: string | undefined;
  do {
    const page = await store.list(prefix, after);
    yield page;
    after = page.next;
  } while (after !== undefined);
}

/** Whether a blob was last written longer ago than that, by the store's own times. */
export function isOlder({ storeTimeMs }: BlobPage, { lastModifiedMs }: Listed, ms: number): boolean {
  return storeTimeMs - lastModifiedMs > ms;
}

/**
 * Works on blobs, a batch after another, until none is left or the time is up.
 * @returns false when the time was up first
 */
export async function inBatches(
  blobs: readonly Listed[],
  isTimeUp: () => boolean,
  work: (blob: Listed) => Promise<void>,
): Promise<boolean> {
  for (let first = 0; ; first += BATCH) {
    if (isTimeUp()) return false; // also of a page on which there is nothing to do
    if (first >= blobs.length) return true;
    await Promise.all(blobs.slice(first, first + BATCH).map(work));
  }
}
