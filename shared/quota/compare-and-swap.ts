import type { Clock } from '../base/clock.js';
import type { Reporter } from '../base/environment.js';
import { StorageError } from '../base/errors.js';
import type { BlobStore, StoredBlob } from '../storage/blob-store.js';
import { believed, fullLedger, type LedgerState, NEW_LEDGER, readState, writeState } from './ledger-state.js';
import type { PriorityWindows } from './priorities.js';
import type { CallLog } from './sliding-log.js';
import { StoreClock } from './store-clock.js';

/** Where a ledger's blob is, and what it is kept with. */
export interface LedgerPlace {
  readonly clock: Clock;
  readonly store: BlobStore;
  /** The blob's name: one for each API, identity and tenant. */
  readonly name: string;
  readonly windows: PriorityWindows;
  readonly report: Reporter;
}

/** The ledger as this instance last exchanged it with the store. */
export interface LedgerCopy {
  readonly state: LedgerState;
  /** Absent when there is no blob yet. */
  readonly etag: string | undefined;
  /** On the monotonic clock. */
  readonly atMs: number;
  /** Whether the blob lacks something of the state, so that it has to be written in any case. */
  readonly isOwed: boolean;
}

/** Part of the name of a blob that was set aside; the sweep looks for it. */
export const SET_ASIDE = '.corrupt-';
/** End of the name of the blob that says that there is a ledger, which the sweep leaves alone. */
const MARKER = '.marker';

/**
 * While other instances write too, a copy older than this is read again: a lost swap costs more than a read.
 */
const FRESH_MS = 200;
/**
 * The same alarm is given once in this time: what goes wrong at each exchange says no more the hundredth
 * time.
 */
const ALARM_EVERY_MS = 600_000;
/** When an instance of a later version may have gone: a deployment that is taken back takes minutes. */
const LATER_VERSION_MS = 30_000;

/**
 * The ledger's blob and this instance's copy of it: reads, compare-and-swap by ETag, and the store's time.
 */
export class LedgerBlob {
  readonly time = new StoreClock();
  readonly #place: LedgerPlace;
  readonly #own: () => CallLog;
  readonly #alarmedAtMs = new Map<string, number>();
  #copy: LedgerCopy | undefined;
  /** Whether another instance wrote since this one last looked. */
  #othersWrite = false;
  /** Whether the copy is known to be out of date, or may be. */
  #isStale = true;
  #exchangeMs = 0;

  /** @param own the calls of this instance as it has seen them written */
  constructor(place: LedgerPlace, own: () => CallLog) {
    this.#place = place;
    this.#own = own;
  }

  /** The latest copy, if there is one; no I/O. */
  get copy(): LedgerCopy | undefined {
    return this.#copy;
  }

  /** How long the last exchange with the store took. */
  get exchangeMs(): number {
    return this.#exchangeMs;
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
   * Gets a copy before there is something to write. It will be old by then, so the first write reads again if
   * it is.
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
    this.#learn(storeTimeMs, sentMs);
    if (etag === undefined) {
      this.#othersWrite = true;
      return undefined;
    }
    return this.#keep(state, etag, false);
  }

  /**
   * Writes beside the ledger that there is one: an instance that finds none then knows that it was deleted.
   * @throws {StorageError}
   */
  async mark(): Promise<void> {
    const { store, name } = this.#place;
    await store.write(`${name}${MARKER}`, '{}', 'any');
  }

  async #read(): Promise<LedgerCopy> {
    const { clock, store, name, windows } = this.#place;
    const sentMs = clock.monotonicMs();
    const { blob, storeTimeMs } = await store.read(name);
    const latestMs = this.#learn(storeTimeMs, sentMs);
    const before = this.#copy;
    this.#othersWrite = blob?.etag !== before?.etag;
    if (!blob) return this.#missing(latestMs);
    if (before && blob.etag === before.etag) return this.#keep(before.state, blob.etag, before.isOwed);
    const read = readState(blob.text, storeTimeMs);
    if (read === undefined) return this.#beginAgain(blob, storeTimeMs, latestMs);
    if (read === 'later-version') throw this.#ofLaterVersion();
    const known = { before: before?.state ?? NEW_LEDGER, own: this.#own(), windows, latestMs };
    const { state, isOlder } = believed(read, known);
    if (isOlder) {
      this.#alarm(
        'ledger-put-back',
        `The quota ledger ${name} lacks calls that were in it: an older copy was put back, or something else writes ` +
          'there. The calls of this instance are counted again; up to the whole quota may be used once more by each ' +
          'instance. Find out what wrote there.',
      );
    }
    return this.#keep(state, blob.etag, isOlder);
  }

  /**
   * No blob. What this instance knows is kept, for the calls were made; one that knows nothing looks for
   * traces.
   */
  async #missing(latestMs: number): Promise<LedgerCopy> {
    const { store, name, windows } = this.#place;
    const before = this.#copy;
    const isKnown = before ? before.etag !== undefined : (await store.list(`${name}.`)).blobs.length > 0;
    if (isKnown) {
      this.#alarm(
        'ledger-missing',
        `The quota ledger ${name} was deleted. It is written anew, with the calls that this instance knows of; an ` +
          'instance that knows of none counts the whole minute as used. Find out what deletes there.',
      );
    }
    const unknown = isKnown ? fullLedger(windows.interactive.slice(0, 1), latestMs) : NEW_LEDGER;
    return this.#keep(before?.state ?? unknown, undefined, isKnown || (before?.isOwed ?? false));
  }

  /** Sets aside what cannot be read. What it would have said is not known, so the worst is assumed. */
  async #beginAgain(blob: StoredBlob, storeTimeMs: number, latestMs: number): Promise<LedgerCopy> {
    const { clock, store, name, windows } = this.#place;
    const aside = `${name}${SET_ASIDE}${new Date(storeTimeMs).toISOString().replaceAll(':', '-')}`;
    await store.write(aside, blob.text, 'any');
    const state = fullLedger(windows.interactive, latestMs);
    const over = { state, etag: blob.etag, atMs: clock.monotonicMs(), isOwed: true };
    const copy = await this.swap(over, state);
    if (!copy) return this.#read(); // another instance was first
    const what = blob.unreadBytes
      ? `${blob.unreadBytes} bytes, more than the app reads (${aside} is empty)`
      : `something else than a ledger. It was set aside as ${aside}`;
    this.#alarm(
      'ledger-unreadable',
      `The quota ledger ${name} held ${what}, and a new one was begun as if the whole quota had just been used: no ` +
        'call is made for up to the longest window of the quota. Find out what wrote there.',
    );
    return copy;
  }

  /** @returns the latest that the store's time can be now */
  #learn(storeTimeMs: number, sentMs: number): number {
    const { clock, name } = this.#place;
    const answeredMs = clock.monotonicMs();
    this.#exchangeMs = answeredMs - sentMs;
    const verdict = this.time.learn({ storeTimeMs, sentMs, answeredMs, epochMs: clock.epochMs() });
    if (verdict !== 'as-known') {
      this.#alarm(
        'store-clock-jumped',
        `An answer of the storage account bore another time (${new Date(storeTimeMs).toISOString()}) than was known of ` +
          `it. The quota (${name}) is counted so that either may be right, which lets fewer calls through. If the new ` +
          'one is right, restart the app; else find out what sets Date between the app and the storage account.',
      );
    }
    if (verdict === 'unusable') {
      throw new StorageError(
        'An answer of the storage account of STATE_STORAGE bore a time that cannot be, so that the quota cannot be ' +
          'counted by it. Ask again.',
        { retryAtMs: answeredMs + 1_000 },
      );
    }
    return this.time.at(answeredMs)?.latestMs ?? storeTimeMs;
  }

  #ofLaterVersion(): StorageError {
    const { clock, name } = this.#place;
    return new StorageError(
      `A later version of the app wrote the quota ledger ${name}, and this one must not change it. Ask again later: ` +
        'an instance of that version answers. If this version was put back on purpose, delete the ledger.',
      { retryAtMs: clock.monotonicMs() + LATER_VERSION_MS },
    );
  }

  #alarm(event: string, detail: string): void {
    const nowMs = this.#place.clock.monotonicMs();
    const lastMs = this.#alarmedAtMs.get(event) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastMs < ALARM_EVERY_MS) return;
    this.#alarmedAtMs.set(event, nowMs);
    this.#place.report({ event, detail });
  }

  #keep(state: LedgerState, etag: string | undefined, isOwed: boolean): LedgerCopy {
    this.#isStale = false;
    this.#copy = { state, etag, atMs: this.#place.clock.monotonicMs(), isOwed };
    return this.#copy;
  }
}
