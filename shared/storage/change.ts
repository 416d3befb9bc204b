import type { Clock } from '../base/clock.js';
import { StorageError } from '../base/errors.js';
import type { BlobStore, StoredBlob } from './blob-store.js';

/** What changing a state takes. */
export interface ChangeParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly store: BlobStore;
}

/** How a state is written as text, and read; undefined when this version has not written it. */
export interface StateText<S> {
  readonly read: (text: string) => S | undefined;
  readonly write: (state: S) => string;
}

/** A state that a later version of the app has written, in the days of a deployment or after one was taken back. */
export class OtherVersionError extends StorageError {}

/** When an instance of that version may have taken the work over. */
const COME_BACK_MS = 30_000;

/**
 * A state as it was read; undefined where there is none.
 * @param nowMs the monotonic time
 * @throws {OtherVersionError} never taken for one that is not there: its message would be lost
 */
export function readState<S>(
  { read }: StateText<S>,
  blob: StoredBlob | undefined,
  nowMs: number,
): S | undefined {
  const state = blob && read(blob.text);
  if (blob && state === undefined) {
    throw new OtherVersionError('Another version of the app wrote this state. Ask again later.', {
      retryAtMs: nowMs + COME_BACK_MS,
    });
  }
  return state;
}

/** Swaps that others may win before this one gives up: about seven seconds. */
const MOST_TRIES = 10;
/** Each lost try makes the longest wait before the next one this much longer: competitors for a slow store must spread. */
const BACKOFF_MS = 300;

/** One change that waits for its swap. */
interface Waiting<S> {
  /** @returns the state to be written, if it is to be another one */
  apply(before: S | undefined, nowMs: number): S | undefined;
  done(): void;
  fail(error: unknown): void;
}

/**
 * Changes states in blobs by compare-and-swap. What comes for a state while a swap of it is under way goes into the
 * next one together: fifty equal posts join one job in a few swaps, however slow the store is.
 */
export class Changes<S> {
  readonly #parts: ChangeParts;
  readonly #text: StateText<S>;
  /** By the blob's name; there while a swap of it is under way. */
  readonly #waiting = new Map<string, Waiting<S>[]>();

  constructor(parts: ChangeParts, text: StateText<S>) {
    this.#parts = parts;
    this.#text = text;
  }

  /**
   * Changes one state.
   * @param decide pure, for it may be asked again; gets the state and the store's time
   * @param nextOf what of a decision shall be written, if anything
   * @returns the last decision, or undefined when there is no such state
   * @throws {StorageError} when the store is down, when others are always faster, and for another version's state
   */
  change<D>(
    name: string,
    decide: (state: S, nowMs: number) => D,
    nextOf: (decision: D) => S | undefined,
  ): Promise<D | undefined> {
    return new Promise((resolve, reject) => {
      let decision: D | undefined;
      this.#add(name, {
        apply(before, nowMs) {
          decision = before === undefined ? undefined : decide(before, nowMs);
          return decision === undefined ? undefined : nextOf(decision);
        },
        done: () => resolve(decision),
        fail: reject,
      });
    });
  }

  #add(name: string, change: Waiting<S>): void {
    const waiting = this.#waiting.get(name);
    if (waiting) waiting.push(change);
    else {
      this.#waiting.set(name, [change]);
      void this.#swapAll(name);
    }
  }

  async #swapAll(name: string): Promise<void> {
    for (;;) {
      const together = this.#waiting.get(name) ?? [];
      if (together.length === 0) break;
      this.#waiting.set(name, []);
      try {
        await this.#swap(name, together);
        for (const { done } of together) done();
      } catch (error) {
        for (const { fail } of together) fail(error);
      }
    }
    this.#waiting.delete(name);
  }

  async #swap(name: string, together: readonly Waiting<S>[]): Promise<void> {
    const { clock, random, store } = this.#parts;
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      if (tries > 1) await clock.sleep(random() * (tries - 1) * BACKOFF_MS);
      const { blob, storeTimeMs } = await store.read(name);
      const before = readState(this.#text, blob, clock.monotonicMs());
      let state = before;
      for (const { apply } of together) state = apply(state, storeTimeMs) ?? state;
      if (!blob || state === undefined || state === before) return;
      const { etag } = await store.write(name, this.#text.write(state), { etag: blob.etag });
      if (etag !== undefined) return;
    }
    throw new StorageError('The shared state is busy: others changed it faster. Ask again.', {
      retryAtMs: clock.monotonicMs() + 1_000,
    });
  }
}
