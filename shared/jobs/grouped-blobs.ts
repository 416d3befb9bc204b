import type { Clock } from '../base/clock.js';
import { newId } from '../queue-work/message.js';
import type { BlobStore } from '../storage/blob-store.js';
import { inBatches, pages } from '../storage/pages.js';

/** How entries of one kind are stored. */
export interface EntryFormat<E> {
  /** To be raised when the version before must not read an entry. */
  readonly version: number;
  /** The member of the blob that holds the entries. */
  readonly member: string;
  readonly isEntry: (value: unknown) => value is E;
  /** About how many short texts an entry holds. */
  readonly weight: (entry: E) => number;
}

/** An entry, and for how long it has been stored. */
export interface KeptEntry<E> {
  readonly entry: E;
  readonly keptSeconds: number;
}

/**
 * A blob takes no more once it weighs this much: some 2 MB, read and parsed in some ten milliseconds (a
 * choice).
 */
const MOST_WEIGHT = 50_000;
/**
 * Between the beginnings of two writes (a choice): Defender is asked 20 times at once and answers in some 100
 * ms, so that one takes some 20 answers. The first one does not wait.
 */
const BETWEEN_WRITES_MS = 200;
/** All of them are needed, however long it takes. */
const NEVER = () => false;

/** Entries that wait for the next write. */
interface Waiting<E> {
  readonly entries: readonly E[];
  done(): void;
  fail(error: unknown): void;
}

/**
 * What a job has found so far, in blobs of several entries: whatever happens after one is written, it is not
 * asked for again. Writes are committed in groups: what comes within a moment, or while a write is under way,
 * goes into the next one together. Each blob has a name of its own, so that two workers that group
 * differently never write over one another's.
 */
export class GroupedBlobs<E> {
  readonly #clock: Clock;
  readonly #store: BlobStore;
  readonly #folder: string;
  readonly #format: EntryFormat<E>;
  readonly #waiting: Waiting<E>[] = [];
  #isWriting = false;
  #writeAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, store: BlobStore, folder: string, format: EntryFormat<E>) {
    this.#clock = clock;
    this.#store = store;
    this.#folder = folder;
    this.#format = format;
  }

  /**
   * Resolves when the entries are stored.
   * @throws {StorageError}
   */
  async keep(entries: readonly E[]): Promise<void> {
    if (entries.length === 0) return;
    await new Promise<void>((done, fail) => {
      this.#waiting.push({ entries, done, fail });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  /**
   * All that is stored. A blob that is damaged, or of a later version, counts as none.
   * @throws {StorageError}
   */
  async all(): Promise<KeptEntry<E>[]> {
    const all: KeptEntry<E>[] = [];
    for await (const { blobs } of pages(this.#store, this.#folder)) {
      await inBatches(blobs, NEVER, async ({ name }) => void all.push(...(await this.#read(name))));
    }
    return all;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const waitMs = this.#writeAtMs - this.#clock.monotonicMs();
      if (waitMs > 0) await this.#clock.sleep(waitMs);
      this.#writeAtMs = this.#clock.monotonicMs() + BETWEEN_WRITES_MS;
      const group = this.#nextGroup();
      try {
        await this.#write(group.flatMap(({ entries }) => entries));
        for (const { done } of group) done();
      } catch (error) {
        for (const { fail } of group) fail(error);
      }
    }
    this.#isWriting = false;
  }

  /** What is written next: at least one, and as many as fit. */
  #nextGroup(): Waiting<E>[] {
    const { weight } = this.#format;
    let total = 0;
    let length = 0;
    for (const { entries } of this.#waiting) {
      if (total >= MOST_WEIGHT) break;
      for (const entry of entries) total += weight(entry);
      length++;
    }
    return this.#waiting.splice(0, length);
  }

  async #write(entries: readonly E[]): Promise<void> {
    const { version, member } = this.#format;
    const name = `${this.#folder}${entries.length}-${newId()}.json`;
    await this.#store.write(name, JSON.stringify({ version, [member]: entries }), 'any');
  }

  async #read(name: string): Promise<KeptEntry<E>[]> {
    const { blob, storeTimeMs } = await this.#store.read(name);
    if (!blob) return [];
    const keptSeconds = Math.max(0, Math.round((storeTimeMs - blob.lastModifiedMs) / 1000));
    return this.#entriesIn(blob.text).map((entry) => ({ entry, keptSeconds }));
  }

  #entriesIn(text: string): E[] {
    const { version, member, isEntry } = this.#format;
    try {
      const { version: written, [member]: entries } = JSON.parse(text);
      return written === version && Array.isArray(entries) && entries.every(isEntry) ? entries : [];
    } catch {
      return [];
    }
  }
}
