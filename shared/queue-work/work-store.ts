import type { Clock } from '../base/clock.js';
import { StorageError } from '../base/errors.js';
import type { BlobStore } from '../storage/blob-store.js';
import type { Places } from './blob-names.js';
import type { WorkItem } from './work-item.js';

/** What a store of work items needs. */
export interface WorkStoreParts {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly store: BlobStore;
  readonly places: Places;
}

/** How the states of one kind of work are read. */
export interface StateFormat<W> {
  /** The highest version of a state that this version of the app can read. */
  readonly newest: number;
  /**
   * The version that an item is written as. It is a higher one where an app that knows only the one before
   * would do harm to the state; that app then leaves it alone.
   */
  readonly versionOf: (item: W) => number;
  /** Makes an item of parsed JSON of this version or of one before; undefined when it is none. */
  readonly read: (value: Readonly<Record<string, unknown>>) => W | undefined;
}

/** An item, if there is one, and the store's time when it was read. */
export interface Stored<W> {
  readonly item: W | undefined;
  readonly storeTimeMs: number;
}

/** A later version of the app wrote this state: a deployment is under way, or was taken back. */
export class OtherVersionError extends StorageError {}

/** This state cannot be read, and no version of the app wrote it so. */
export class DamagedStateError extends StorageError {}

/** When an instance of the later version may have done the work. A choice: several polls of the queue. */
const OTHER_VERSION_RETRY_MS = 30_000;
/** Swaps that others may win before this one gives up: about seven seconds. */
const MOST_TRIES = 10;
/**
 * Each lost try makes the longest wait before the next one this much longer, so that competitors for a slow
 * store spread.
 */
const BACKOFF_MS = 300;

/** A change that waits for its swap. */
interface Waiting<W> {
  /** @returns the item to be written, if it is to be another one */
  apply(before: W | undefined, nowMs: number): W | undefined;
  done(): void;
  fail(error: unknown): void;
}

/** A state as this process has read or written it. */
interface Known {
  readonly etag: string;
  readonly storeTimeMs: number;
  /** When that was, on the monotonic clock. */
  readonly atMs: number;
}

/** What is there, and how to write over it. */
interface Current<W> {
  readonly item: W | undefined;
  readonly etag: string | undefined;
  readonly nowMs: number;
}

/**
 * The states of work items in blobs, changed by compare-and-swap. Changes that come while a swap of the same
 * state is under way go into the next one together: fifty equal posts join one job in a few swaps, however
 * slow the store is.
 *
 * Every method throws {StorageError} when the store is down, {OtherVersionError} for a state of a later
 * version, and {DamagedStateError} for one that is no state.
 */
export class WorkStore<W extends WorkItem> {
  readonly #parts: WorkStoreParts;
  readonly #format: StateFormat<W>;
  /** By id; there while a swap is under way. */
  readonly #waiting = new Map<string, Waiting<W>[]>();
  /** By item: whoever still holds one can have it changed without reading it again. */
  readonly #known = new WeakMap<W, Known>();

  constructor(parts: WorkStoreParts, format: StateFormat<W>) {
    this.#parts = parts;
    this.#format = format;
  }

  async read(id: string): Promise<Stored<W>> {
    const { item, nowMs } = await this.#read(id);
    return { item, storeTimeMs: nowMs };
  }

  /**
   * Writes a new item unless there is one of this id.
   * @returns whether it was written
   */
  async create(item: W): Promise<boolean> {
    return (await this.#write(item, 'absent')) !== undefined;
  }

  /**
   * Changes an item.
   * @param decide pure, for it may be asked again; gets the item and the store's time. No `next`: nothing is
   *   written
   * @param from the item as it was read or written here: if nobody has changed it since, it is not read again
   * @returns the last decision, or undefined when there is no such item
   * @throws {StorageError} also when others are always faster
   */
  change<D extends { readonly next?: W | undefined }>(
    id: string,
    decide: (item: W, nowMs: number) => D,
    from?: W,
  ): Promise<D | undefined> {
    return new Promise((resolve, reject) => {
      let decision: D | undefined;
      const change: Waiting<W> = {
        apply(before, nowMs) {
          decision = before && decide(before, nowMs);
          return decision?.next;
        },
        done: () => resolve(decision),
        fail: reject,
      };
      const waiting = this.#waiting.get(id);
      if (waiting) waiting.push(change);
      else {
        this.#waiting.set(id, [change]);
        void this.#swapAll(id, from);
      }
    });
  }

  /**
   * Puts an item in the place of a state that is damaged or gone. What was there is set aside.
   * @param make gets the store's time
   * @returns undefined when there is a readable state by now; `aside` is the blob that holds what was there
   */
  async replace(
    id: string,
    make: (nowMs: number) => W,
  ): Promise<{ readonly item: W; readonly aside: string | undefined } | undefined> {
    const { store, places } = this.#parts;
    const { blob, storeTimeMs } = await store.read(places.state(id));
    if (blob && this.#parse(blob.text, id) !== 'damaged') return undefined;
    const aside =
      blob && `${places.setAside}${id}-${new Date(storeTimeMs).toISOString().replaceAll(':', '-')}`;
    if (aside) await store.write(aside, blob.text, 'any');
    const item = make(storeTimeMs);
    const written = await this.#write(item, blob ? { etag: blob.etag } : 'absent');
    return written && { item, aside };
  }

  async #swapAll(id: string, from: W | undefined): Promise<void> {
    for (let known = from; ; known = undefined) {
      const together = this.#waiting.get(id) ?? [];
      if (together.length === 0) break;
      this.#waiting.set(id, []);
      try {
        await this.#swap(id, together, known);
        for (const { done } of together) done();
      } catch (error) {
        for (const { fail } of together) fail(error);
      }
    }
    this.#waiting.delete(id);
  }

  async #swap(id: string, together: readonly Waiting<W>[], from: W | undefined): Promise<void> {
    const { clock, random } = this.#parts;
    const applyTo = ({ item, nowMs }: Current<W>) =>
      together.reduce((before, { apply }) => apply(before, nowMs) ?? before, item);
    const copy = from && this.#copyOf(from);
    if (copy) {
      const next = applyTo(copy);
      // That nothing is to be written is said only of what the store holds now.
      if (next && next !== copy.item && (await this.#write(next, copy))) return;
    }
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      if (tries > 1) await clock.sleep(random() * (tries - 1) * BACKOFF_MS);
      const current = await this.#read(id);
      const next = applyTo(current);
      if (!next || next === current.item || (await this.#write(next, current))) return;
    }
    throw new StorageError('The shared state is busy: others changed it faster. Ask again.', {
      retryAtMs: clock.monotonicMs() + 1_000,
    });
  }

  #copyOf(item: W): Current<W> | undefined {
    const known = this.#known.get(item);
    return (
      known && {
        item,
        etag: known.etag,
        nowMs: known.storeTimeMs + this.#parts.clock.monotonicMs() - known.atMs,
      }
    );
  }

  async #read(id: string): Promise<Current<W>> {
    const { clock, store, places } = this.#parts;
    const { blob, storeTimeMs } = await store.read(places.state(id));
    if (!blob) return { item: undefined, etag: undefined, nowMs: storeTimeMs };
    const item = this.#parse(blob.text, id);
    if (item === 'later-version') {
      throw new OtherVersionError('A later version of the app wrote this state. Ask again later.', {
        retryAtMs: clock.monotonicMs() + OTHER_VERSION_RETRY_MS,
      });
    }
    if (item === 'damaged') throw new DamagedStateError(`The stored state of ${id} is damaged.`);
    this.#known.set(item, { etag: blob.etag, storeTimeMs, atMs: clock.monotonicMs() });
    return { item, etag: blob.etag, nowMs: storeTimeMs };
  }

  /** @returns undefined when the state is another one by now */
  async #write(item: W, over: { readonly etag: string | undefined } | 'absent'): Promise<Known | undefined> {
    const { clock, store, places } = this.#parts;
    const condition = over === 'absent' || over.etag === undefined ? 'absent' : { etag: over.etag };
    const text = JSON.stringify({ version: this.#format.versionOf(item), ...item });
    const { etag, storeTimeMs } = await store.write(places.state(item.id), text, condition);
    if (etag === undefined) return undefined;
    const known = { etag, storeTimeMs, atMs: clock.monotonicMs() };
    this.#known.set(item, known);
    return known;
  }

  /**
   * Only a higher version number is another version's state; anything else that is no state of this id is
   * damaged.
   */
  #parse(text: string, id: string): W | 'later-version' | 'damaged' {
    const { newest, read } = this.#format;
    try {
      const { version: written, ...value } = JSON.parse(text);
      if (Number.isSafeInteger(written) && written > newest) return 'later-version';
      const item = Number.isSafeInteger(written) && written >= 1 && value.id === id ? read(value) : undefined;
      return item ?? 'damaged';
    } catch {
      return 'damaged';
    }
  }
}
