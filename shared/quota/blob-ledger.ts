import { randomUUID } from 'node:crypto';
import { StorageError } from '../errors.js';
import { type Demand, type LaneWindows, NO_DEMAND } from './lanes.js';
import type { Charge, Ledger, QuotaView } from './ledger.js';
import { LedgerBlob, type LedgerCopy, type LedgerPlace } from './ledger-blob.js';
import {
  type Correction,
  charged,
  corrected,
  freeTimes,
  type LedgerState,
  NEW_LEDGER,
} from './ledger-state.js';
import { GUARD_MS } from './sliding-log.js';
import { viewOf } from './view.js';

/** What a shared ledger is made of. */
export interface BlobLedgerParts extends LedgerPlace {
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
const FIRST_BACKOFF_MS = 20;
const LONGEST_BACKOFF_MS = 1_000;
/** Waiters of several instances ask within this time of the moment they all wait for, not at once. */
const SPREAD_MS = 150;
/** A call made later than this after it was charged leaves too little of the guard for its way. */
const LATEST_USE_MS = GUARD_MS / 2;

/** A ledger in a blob, shared by all instances: each change is a compare-and-swap of the whole. */
export class BlobLedger implements Ledger {
  readonly #parts: BlobLedgerParts;
  readonly #blob: LedgerBlob;
  /** Not yet in the blob; they count here, and go with the next swap. */
  #corrections: readonly Correction[] = [];
  #lastTurn: Promise<unknown> = Promise.resolve();
  /** A swap for corrections alone that waits for its turn. */
  #flush: Promise<void> | undefined;

  constructor(parts: BlobLedgerParts) {
    this.#parts = parts;
    this.#blob = new LedgerBlob(parts, parts.windows);
  }

  async prepare(): Promise<void> {
    await this.#inTurn(() => this.#blob.lookAhead()).catch(() => {});
  }

  /** @throws {StorageError} when the store is down or too many instances write at once; nothing is granted then */
  take(demand: Demand): Promise<Charge> {
    return this.#inTurn(() => this.#swap(demand));
  }

  async correct({ loggedAtMs }: Charge, arrivedByMs: number): Promise<void> {
    const toMs = (await this.#storeTime(arrivedByMs)) - GUARD_MS;
    await this.#add({ kind: 'moved', fromMs: loggedAtMs, toMs });
  }

  async pause(untilMs: number): Promise<void> {
    await this.#add({ kind: 'paused', untilMs: await this.#storeTime(untilMs) });
  }

  forecast(demand: Demand): readonly number[] {
    const nowMs = this.#parts.clock.monotonicMs();
    const moment = this.#blob.time.at(nowMs);
    // Not asked yet: it looks as if all were free, and the swap will tell.
    if (!moment) return Array<number>(demand.interactive + demand.background).fill(nowMs);
    const { earliestMs } = moment;
    const times = freeTimes(this.#known(earliestMs), this.#parts.windows, earliestMs, demand);
    return times.map((at) => (at <= earliestMs ? nowMs : this.#blob.time.localTime(at)));
  }

  spreadMs(): number {
    return this.#parts.random() * SPREAD_MS;
  }

  view(): QuotaView {
    const { clock, windows } = this.#parts;
    const nowMs = clock.monotonicMs();
    const seenAgoMs = nowMs - (this.#blob.copy?.atMs ?? nowMs);
    const { earliestMs = 0 } = this.#blob.time.at(nowMs) ?? {};
    const look = { nowMs: earliestMs, epochMs: clock.epochMs(), seenAgoMs };
    return viewOf(this.#known(earliestMs), windows.interactive, look);
  }

  #known(earliestMs: number): LedgerState {
    const { state } = this.#blob.copy ?? { state: NEW_LEDGER };
    return corrected(state, this.#corrections, this.#parts.windows, earliestMs);
  }

  /** The latest that the store's time can be at a local moment. */
  async #storeTime(localMs: number): Promise<number> {
    if (!this.#blob.time.at(localMs)) await this.#inTurn(() => this.#blob.current());
    return this.#blob.time.at(localMs)?.latestMs ?? 0;
  }

  /** Counts at once here, and for the others as soon as the store takes it. */
  async #add(correction: Correction): Promise<void> {
    this.#corrections = [...this.#corrections, correction];
    this.#flush ??= this.#inTurn(async () => {
      this.#flush = undefined;
      await this.#swap(NO_DEMAND);
    }).catch(() => {}); // they go with the next swap
    await this.#flush;
  }

  /** One swap at a time in this process: it would only compete with itself. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#lastTurn.then(run);
    this.#lastTurn = result.catch(() => {});
    return result;
  }

  async #swap(demand: Demand): Promise<Charge> {
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
    this.#corrections = this.#corrections.filter((one) => !corrections.includes(one));
    this.#checkUsable(charge);
    return charge;
  }

  #attempt(copy: LedgerCopy, demand: Demand): { attempt: Attempt; state: LedgerState } {
    const { clock, windows } = this.#parts;
    const chargedAtMs = clock.monotonicMs();
    const moment = this.#blob.time.at(chargedAtMs);
    if (!moment) throw new TypeError('whoever has a copy has asked for the time');
    const corrections = this.#corrections;
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
    this.#corrections = [...this.#corrections, { kind: 'released', atMs: loggedAtMs, count: granted }];
    throw new StorageError(
      'The storage account of STATE_STORAGE is too slow to keep the quota. Ask again later.',
      { retryAtMs: nowMs + LONGEST_BACKOFF_MS },
    );
  }

  #backOff(tries: number): Promise<void> {
    const longestMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (tries - 1));
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
