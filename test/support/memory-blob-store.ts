import type { Clock } from '../../shared/base/clock.js';
import { StorageError } from '../../shared/base/errors.js';
import {
  type BlobPage,
  type BlobStore,
  type Condition,
  LARGE_BLOBS,
  type ReadAnswer,
  refuseTooLarge,
  type StoredBlob,
  type WriteAnswer,
} from '../../shared/storage/blob-store.js';

/** What a test wants the store to be like. */
export interface MemoryBlobStoreOptions {
  /** Half of it before the operation takes effect, half after. */
  readonly latencyMs?: () => number;
  readonly pageSize?: number;
  readonly largestBytes?: number;
}

/** A failure that a test injects into one operation; `after` has taken effect, `before` has not. */
export type Fault = 'before' | 'after' | undefined;

/**
 * A blob service in memory and in a test's time. Its `Date` has a resolution of one second, as HTTP's,
 * and its calendar is its own: `epochMs` of the clock it is given.
 */
export class MemoryBlobStore implements BlobStore {
  readonly blobs = new Map<string, StoredBlob>();
  /** Operations so far, by kind. */
  readonly operations = { read: 0, write: 0, refused: 0, delete: 0, list: 0 };
  /** Asked before each operation. */
  fault: (operation: string, name: string) => Fault = () => undefined;
  /** How far its own clock is ahead of the world's. */
  aheadMs = 0;
  readonly #clock: Clock;
  readonly #options: MemoryBlobStoreOptions;
  #etags = 0;

  constructor(clock: Clock, options: MemoryBlobStoreOptions = {}) {
    this.#clock = clock;
    this.#options = options;
  }

  read(name: string): Promise<ReadAnswer> {
    return this.#run('read', name, () => {
      this.operations.read++;
      return { blob: this.blobs.get(name), storeTimeMs: this.#date() };
    });
  }

  async write(name: string, text: string, condition: Condition): Promise<WriteAnswer> {
    const { largestBytes = LARGE_BLOBS.largestBytes } = this.#options;
    refuseTooLarge(name, Buffer.byteLength(text), { ...LARGE_BLOBS, largestBytes });
    return this.#run('write', name, () => {
      const current = this.blobs.get(name);
      const holds =
        condition === 'any' ||
        (condition === 'absent' ? current === undefined : current?.etag === condition.etag);
      this.operations[holds ? 'write' : 'refused']++;
      if (!holds) return { etag: undefined, storeTimeMs: this.#date() };
      const etag = `"${++this.#etags}"`;
      this.blobs.set(name, { text, etag, lastModifiedMs: this.#date() });
      return { etag, storeTimeMs: this.#date() };
    });
  }

  async delete(name: string, etag: string): Promise<void> {
    await this.#run('delete', name, () => {
      this.operations.delete++;
      if (this.blobs.get(name)?.etag === etag) this.blobs.delete(name);
    });
  }

  list(prefix: string, after = ''): Promise<BlobPage> {
    return this.#run('list', prefix, () => {
      this.operations.list++;
      const all = [...this.blobs].filter(([name]) => name.startsWith(prefix) && name > after).sort();
      const page = all.slice(0, this.#options.pageSize ?? 500);
      return {
        blobs: page.map(([name, { etag, lastModifiedMs }]) => ({ name, etag, lastModifiedMs })),
        next: page.length < all.length ? page.at(-1)?.[0] : undefined,
        storeTimeMs: this.#date(),
      };
    });
  }

  async #run<T>(operation: string, name: string, effect: () => T): Promise<T> {
    const fault = this.fault(operation, name);
    const latencyMs = this.#options.latencyMs?.() ?? 0;
    if (latencyMs > 0) await this.#clock.sleep(latencyMs / 2);
    else await Promise.resolve();
    if (fault === 'before') throw this.#down();
    const result = effect();
    if (latencyMs > 0) await this.#clock.sleep(latencyMs / 2);
    if (fault === 'after') throw this.#down();
    return result;
  }

  #down(): StorageError {
    return new StorageError('The store of the test is down.', {
      retryAtMs: this.#clock.monotonicMs() + 5_000,
    });
  }

  #date(): number {
    return Math.floor((this.#clock.epochMs() + this.aheadMs) / 1000) * 1000;
  }
}
