import type { BlobPage, BlobStore } from './blob-store.js';

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
