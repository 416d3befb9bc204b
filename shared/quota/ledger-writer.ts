import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { StorageError } from '../base/errors.js';
import type { Demand, LaneWindows } from './lanes.js';
import type { Charge } from './ledger.js';
import type { LedgerBlob, LedgerCopy } from './ledger-blob.js';
import { type Correction, charged, corrected, type LedgerState } from './ledger-state.js';
import { GUARD_MS } from './sliding-log.js';

/** What writing a ledger takes. */
export interface WriterParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly windows: LaneWindows;
}

/** One try to write; it is in the ledger if the ledger's last swap bears its name. */
interface Attempt {
  readonly swap: string;
  readonly charge: Charge;
  readonly corrections: readonly Correction[];
}

/** Swaps that another instance may win before this one gives up; about two seconds with the backoff. */
const MOST_TRIES = 10;
/** Failures of the store, and swaps that took too long, before this instance gives up. */
const MOST_FAILURES = 2;
const FIRST_BACKOFF_MS = 40;
const LONGEST_BACKOFF_MS = 1_000;
/** A call made later than this after it was charged leaves too little of the guard for its way. */
const LATEST_USE_MS = GUARD_MS / 2;

/** Gets changes into the ledger's blob, whatever goes wrong: lost swaps, lost answers, a store that is slow or down. */
export class LedgerWriter {
  readonly #parts: WriterParts;
  readonly #blob: LedgerBlob;
  #pending: readonly Correction[] = [];

  constructor(parts: WriterParts, blob: LedgerBlob) {
    this.#parts = parts;
    this.#blob = blob;
  }

  /** Corrections that are not in the blob yet. */
  get pending(): readonly Correction[] {
    return this.#pending;
  }

  /** Takes a correction that goes with the next swap. */
  add(correction: Correction): void {
    this.#pending = [...this.#pending, correction];
  }

  /**
   * Writes what is wanted and pending. One at a time: in one process they would only compete.
   * @throws {StorageError} when the store is down or too many instances write at once; nothing is granted then
   */
  async swap(demand: Demand): Promise<Charge> {
    const attempts: Attempt[] = [];
    let failures = 0;
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      if (tries > 1) await this.#backOff(tries);
      try {
        const charge = await this.#try(demand, attempts);
        if (charge) return charge;
      } catch (error) {
        if (++failures >= MOST_FAILURES) throw error;
      }
    }
    throw this.#busy();
  }

  /** @returns undefined when another instance was faster */
  async #try(demand: Demand, attempts: Attempt[]): Promise<Charge | undefined> {
    const copy = await this.#blob.current();
    let done = attempts.find(({ swap }) => swap === copy.state.swap); // only its answer was lost
    if (!done) {
      const { attempt, state } = this.#attempt(copy, demand);
      if (attempt.charge.granted + attempt.corrections.length === 0) return attempt.charge;
      attempts.push(attempt);
      if (!(await this.#blob.swap(copy, state))) return undefined;
      done = attempt;
    }
    attempts.splice(0);
    const { charge, corrections } = done;
    this.#pending = this.#pending.filter((one) => !corrections.includes(one));
    this.#checkUsable(charge);
    return charge;
  }

  #attempt(copy: LedgerCopy, demand: Demand): { attempt: Attempt; state: LedgerState } {
    const { clock, windows } = this.#parts;
    const chargedAtMs = clock.monotonicMs();
    const moment = this.#blob.time.at(chargedAtMs);
    if (!moment) throw new TypeError('whoever has a copy has asked for the time');
    const corrections = this.#pending;
    const known = corrected(copy.state, corrections, windows, moment.earliestMs);
    const { state, granted } = charged(known, windows, moment, demand);
    const swap = randomUUID();
    const charge = { granted, chargedAtMs, loggedAtMs: moment.latestMs };
    return { attempt: { swap, charge, corrections }, state: { ...state, swap } };
  }

  /** @throws {StorageError} when calls made now would be too long after what they were charged at */
  #checkUsable({ granted, chargedAtMs, loggedAtMs }: Charge): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const { earliestMs = 0 } = this.#blob.time.at(nowMs) ?? {};
    // By the store's time as well: the monotonic clock does not count while a machine sleeps.
    const lateMs = Math.max(nowMs - chargedAtMs, earliestMs - loggedAtMs);
    if (granted === 0 || lateMs <= LATEST_USE_MS) return;
    this.add({ kind: 'released', atMs: loggedAtMs, count: granted });
    throw new StorageError(
      'The storage account of STATE_STORAGE is too slow to keep the quota. Ask again later.',
      { retryAtMs: nowMs + LONGEST_BACKOFF_MS },
    );
  }

  #backOff(tries: number): Promise<void> {
    const longestMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (tries - 2));
    return this.#parts.clock.sleep(longestMs * this.#parts.random());
  }

  #busy(): StorageError {
    const { clock, random } = this.#parts;
    return new StorageError(
      `The quota's ledger is busy: other instances were faster ${MOST_TRIES} times. Ask again.`,
      { retryAtMs: clock.monotonicMs() + LONGEST_BACKOFF_MS * (1 + random()) },
    );
  }
}
