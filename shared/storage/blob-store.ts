import { constants } from 'node:buffer';
import { StorageError } from '../base/errors.js';

/** What a store's blobs are like. */
export interface BlobLimits {
  /** The longest that one operation may take, its one retry included. */
  readonly timeoutMs: number;
  /** Nothing larger is written, and anything larger is not read: it is not the app's. */
  readonly largestBytes: number;
}

/** The longest that an operation with few kB may take, its one retry included. Usual are 5 to 50 ms. */
export const OPERATION_TIMEOUT_MS = 3_000;

/** State: ids and counts, the largest of them the 10,000 alert ids of a job. The bound is a choice. */
export const STATE_BLOBS: BlobLimits = { timeoutMs: OPERATION_TIMEOUT_MS, largestBytes: 4 * 1024 * 1024 };
/**
 * Payloads, and what is made of them: as large as a text can be, so that each can be read. The time is a
 * choice.
 */
export const LARGE_BLOBS: BlobLimits = { timeoutMs: 60_000, largestBytes: constants.MAX_STRING_LENGTH };

/**
 * @throws {StorageError} for a text that could not be read again; waiting does not help, so it has no
 * `retryAtMs`
 */
export function refuseTooLarge(name: string, bytes: number, { largestBytes }: BlobLimits): void {
  if (bytes <= largestBytes) return;
  throw new StorageError(
    `Nothing was written to ${name}: ${bytes} bytes are more than the ${largestBytes} that it may have. ` +
      'Post fewer alerts at once.',
  );
}

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
   * @throws {StorageError} when there is no answer, and for a text that is larger than the store reads
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
  /** Absent when the service itself says that there is none of that name. */
  readonly blob: StoredBlob | undefined;
  readonly storeTimeMs: number;
}

export interface StoredBlob {
  /** Empty for a blob that is larger than the store reads. */
  readonly text: string;
  /** The size of such a blob; it is of somebody else, for the app writes none that it does not read. */
  readonly unreadBytes?: number;
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
