import type { Clock } from '../clock.js';
import { StorageError } from '../errors.js';
import type { BlobStore } from './blob-store.js';

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

/** Swaps that others may win before this one gives up: a second or two. */
const MOST_TRIES = 10;
const LONGEST_BACKOFF_MS = 300;

/**
 * Changes the state in a blob by compare-and-swap.
 * @param decide pure, for it may be asked again; gets the state and the store's time
 * @param nextOf what of a decision shall be written, if anything
 * @returns the last decision, or undefined when there is no such state
 * @throws {StorageError} when the store is down, and when others are always faster
 */
export async function changeBlob<S, D>(
  { clock, random, store }: ChangeParts,
  name: string,
  text: StateText<S>,
  decide: (state: S, nowMs: number) => D,
  nextOf: (decision: D) => S | undefined,
): Promise<D | undefined> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const { blob, storeTimeMs } = await store.read(name);
    const state = blob && text.read(blob.text);
    if (!blob || !state) return undefined;
    const decision = decide(state, storeTimeMs);
    const next = nextOf(decision);
    if (!next) return decision;
    const { etag } = await store.write(name, text.write(next), { etag: blob.etag });
    if (etag !== undefined) return decision;
    await clock.sleep(random() * LONGEST_BACKOFF_MS);
  }
  throw new StorageError('The shared state is busy: others changed it faster. Ask again.', {
    retryAtMs: clock.monotonicMs() + 1_000,
  });
}
