import type { Clock } from '../base/clock.js';
import type { Reporter } from '../base/environment.js';
import type { BlobStore, StoredBlob } from '../storage/blob-store.js';
import type { LaneWindows } from './lanes.js';
import { fullLedger, type LedgerState, NEW_LEDGER, readState, writeState } from './ledger-state.js';
import { StoreClock } from './store-clock.js';

/** Where the ledger's blob is, and what it is kept with. */
export interface LedgerPlace {
  readonly clock: Clock;
  readonly store: BlobStore;
  /** The blob's name: one for each identity and tenant. */
  readonly name: string;
  readonly report: Reporter;
}

/** The ledger as it was when this instance last exchanged it with the store. */
export interface LedgerCopy {
  readonly state: LedgerState;
  /** Absent when there is no blob yet. */
  readonly etag: string | undefined;
  /** On the monotonic clock. */
  readonly atMs: number;
}

/** Part of the name of a blob that was set aside; the sweep looks for it. */
export const SET_ASIDE = '.corrupt-';

/** While other instances write too, a copy older than this is read again: a lost swap costs more than a read. */
const FRESH_MS = 200;

/** The ledger's blob and this instance's copy of it: reads, compare-and-swap by ETag, and the store's time. */
export class LedgerBlob {
  readonly time = new StoreClock();
  readonly #place: LedgerPlace;
  readonly #windows: LaneWindows;
  #copy: LedgerCopy | undefined;
  /** Whether another instance wrote since this one last looked. */
  #othersWrite = false;
  /** Whether the copy is known to be out of date, or may be. */
  #isStale = true;

  constructor(place: LedgerPlace, windows: LaneWindows) {
    this.#place = place;
    this.#windows = windows;
  }

  /** The latest copy, if there is one; no I/O. */
  get copy(): LedgerCopy | undefined {
    return this.#copy;
  }

  /**
   * A copy to write over: this instance's own, which saves a round trip while nobody else writes.
   * @throws {StorageError}
   */
  async current(): Promise<LedgerCopy> {
    const copy = this.#copy;
    if (!copy || this.#isStale) return this.#read();
    const ageMs = this.#place.clock.monotonicMs() - copy.atMs;
    return this.#othersWrite && ageMs > FRESH_MS ? this.#read() : copy;
  }

  /**
   * Gets a copy before there is something to write. It will be old by then, so the first write reads again if it is.
   * @throws {StorageError}
   */
  async lookAhead(): Promise<void> {
    await this.current();
    this.#othersWrite = true;
  }

  /**
   * Writes `state` if the blob is still as in `over`.
   * @returns what is there now, or undefined when the blob was another one
   * @throws {StorageError} when that is not known
   */
  async swap(over: LedgerCopy, state: LedgerState): Promise<LedgerCopy | undefined> {
    const { clock, store, name } = this.#place;
    this.#isStale = true;
    const sentMs = clock.monotonicMs();
    const condition = over.etag === undefined ? 'absent' : { etag: over.etag };
    const { etag, storeTimeMs } = await store.write(name, writeState(state), condition);
    this.time.learn(storeTimeMs, sentMs, clock.monotonicMs());
    if (etag === undefined) {
      this.#othersWrite = true;
      return undefined;
    }
    return this.#keep(state, etag);
  }

  async #read(): Promise<LedgerCopy> {
    const { clock, store, name } = this.#place;
    const sentMs = clock.monotonicMs();
    const { blob, storeTimeMs } = await store.read(name);
    this.time.learn(storeTimeMs, sentMs, clock.monotonicMs());
    this.#othersWrite = blob?.etag !== this.#copy?.etag;
    // Deleted by someone: what this instance knows is kept, for the calls were made.
    if (!blob) return this.#keep(this.#copy?.state ?? NEW_LEDGER, undefined);
    const state = readState(blob.text, storeTimeMs);
    return state ? this.#keep(state, blob.etag) : this.#beginAgain(blob, storeTimeMs);
  }

  /** Sets aside what cannot be read. What it would have said is not known, so the worst is assumed. */
  async #beginAgain(blob: StoredBlob, storeTimeMs: number): Promise<LedgerCopy> {
    const { clock, store, name, report } = this.#place;
    const aside = `${name}${SET_ASIDE}${new Date(storeTimeMs).toISOString().replaceAll(':', '-')}`;
    await store.write(aside, blob.text, 'any');
    const latestMs = this.time.at(clock.monotonicMs())?.latestMs ?? storeTimeMs;
    const state = fullLedger(this.#windows, latestMs);
    const copy = await this.swap({ state, etag: blob.etag, atMs: clock.monotonicMs() }, state);
    if (!copy) return this.#read(); // another instance was first
    report({
      event: 'ledger-unreadable',
      detail:
        `The quota ledger ${name} held something else than a ledger. It was set aside as ${aside}, and a new one ` +
        'was begun as if the whole quota had just been used: no call to Defender is made for up to an hour. ' +
        'Find out what wrote there.',
    });
    return copy;
  }

  #keep(state: LedgerState, etag: string | undefined): LedgerCopy {
    this.#isStale = false;
    this.#copy = { state, etag, atMs: this.#place.clock.monotonicMs() };
    return this.#copy;
  }
}
