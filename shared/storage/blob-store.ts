/**
 * The little of a blob service that the shared state needs. What is above it is written against this
 * interface, so that it runs in a test's virtual time as well.
 *
 * Every answer tells the service's own time, the one clock that all instances share: of one-second
 * resolution, since HTTP's `Date` has no other, and rounded down.
 */
export interface BlobStore {
  /** @throws {StorageError} when there is no answer */
  read(name: string): Promise<ReadAnswer>;
  /**
   * Writes if the condition holds at that moment, else not. When it throws, the blob may have been
   * written all the same.
   * @throws {StorageError} when there is no answer
   */
  write(name: string, text: string, condition: Condition): Promise<WriteAnswer>;
  /**
   * Deletes the blob if it is still the one with this ETag.
   * @throws {StorageError} when there is no answer
   */
  delete(name: string, etag: string): Promise<void>;
  /**
   * Lists blobs by name, a page at a time.
   * @param after `next` of the page before
   * @throws {StorageError} when there is no answer
   */
  list(prefix: string, after?: string): Promise<BlobPage>;
}

/** When to write: if the blob has this ETag, if there is none of that name, or in any case. */
export type Condition = { readonly etag: string } | 'absent' | 'any';

export interface ReadAnswer {
  /** Absent when there is none of that name. */
  readonly blob: StoredBlob | undefined;
  readonly storeTimeMs: number;
}

export interface StoredBlob {
  readonly text: string;
  readonly etag: string;
  readonly lastModifiedMs: number;
}

export interface WriteAnswer {
  /** The new ETag; absent when the condition did not hold and nothing was written. */
  readonly etag: string | undefined;
  readonly storeTimeMs: number;
}

export interface BlobPage {
  readonly blobs: readonly {
    readonly name: string;
    readonly etag: string;
    readonly lastModifiedMs: number;
  }[];
  /** Absent on the last page. */
  readonly next: string | undefined;
  readonly storeTimeMs: number;
}
