import { StorageError } from '../base/errors.js';
import { LedgerBlob, type LedgerCopy, type LedgerPlace } from './compare-and-swap.js';
import { Contention, LONGEST_WAIT_MS } from './contention.js';
import { type Charge, LATEST_USE_MS, type Ledger, type QuotaView } from './ledger.js';
import {
  type Correction,
  charged,
  corrected,
  correctedLog,
  type LedgerState,
  likelyTimes,
  NEW_LEDGER,
  placeOf,
  swapped,
  UNDER_WAY_MS,
  viewOf,
} from './ledger-state.js';
import { type Demand, NO_DEMAND, nextTimes } from './priorities.js';
import {
  type CallLog,
  GUARD_MS,
  withCalls,
  withCallsMoved,
  withoutCalls,
  withoutExpired,
} from './sliding-log.js';

/** What a shared ledger is made of. */
export interface SharedLedgerParts extends LedgerPlace {
  readonly random: () => number;
}

/** One try to write; it is in the ledger if the ledger's last swaps hold its name. */
interface Attempt {
  readonly swap: string;
  /** The ETag that it was written over. */
  readonly over: string | undefined;
  /** Whose it is: nobody waits for the charge of a take that has failed since. */
  readonly take: symbol;
  readonly charge: Charge;
  readonly corrections: readonly Correction[];
}

/** Swaps that another instance may win before this one gives up; about two seconds with the backoff. */
const MOST_TRIES = 10;
/** Failures of the store, and swaps that took too long, before this instance gives up. */
const MOST_FAILURES = 2;
/**
 * Calls that have ended are written with the next swap, or after this: before they could leave the shortest
 * window.
 */
const ENDED_MS = UNDER_WAY_MS - 10_000;
/**
 * What was never sent is free for others after this, unless another swap has taken it along: retries come
 * sooner.
 */
const RELEASED_MS = 2_000;

/** A ledger in a blob, shared by all instances: each change is a compare-and-swap of the whole. */
export class SharedLedger implements Ledger {
  readonly #parts: SharedLedgerParts;
  readonly #blob: LedgerBlob;
  /** This instance's name in the ledger. */
  readonly #id: string;
  #lastTurn: Promise<unknown> = Promise.resolve();
  /** Corrections that are not in the blob yet. */
  #pending: readonly Correction[] = [];
  /** Tries of which it is not known whether they took place. */
  #attempts: readonly Attempt[] = [];
  /** This instance's calls as it has seen them written, in the store's time. */
  #written: CallLog = [];
  /**
   * The same calls on the monotonic clock: whatever the store gives back, one instance never makes more than
   * all may.
   */
  #calls: CallLog = [];
  readonly #contention: Contention;
  #isMarked = false;
  #flush: Promise<void> | undefined;
  #flushAtMs = Number.POSITIVE_INFINITY;
  #turnFlushOff: () => void = () => {};
  #isStopped = false;

  constructor(parts: SharedLedgerParts) {
    this.#parts = parts;
    this.#id = Math.floor(parts.random() * 36 ** 8)
      .toString(36)
      .padStart(8, '0');
    this.#contention = new Contention(parts.clock, parts.random, this.#id);
    this.#blob = new LedgerBlob(parts, () => this.#written);
  }

  async prepare(): Promise<void> {
    await this.#inTurn(() => this.#blob.lookAhead()).catch(() => {});
  }

  /**
   * @throws {StorageError} when the store is down or too many instances write at once; nothing is granted
   * then
   */
  take(wanted: () => Demand): Promise<Charge> {
    return this.#inTurn(() => this.#swap(wanted));
  }

  async settle({ chargedAtMs, latestMs, loggedAtMs }: Charge, endedAtMs: number): Promise<void> {
    let toMs = latestMs;
    // A slow call can have arrived as late as it ended; the guard covers no more than its own length.
    if (endedAtMs - chargedAtMs > GUARD_MS) {
      this.#calls = withCallsMoved(this.#calls, chargedAtMs, endedAtMs - GUARD_MS, 1);
      toMs = Math.max(toMs, (this.#blob.time.at(endedAtMs)?.latestMs ?? 0) - GUARD_MS);
    }
    this.#pending = [...this.#pending, { kind: 'moved', fromMs: loggedAtMs, toMs, count: 1 }];
    if (toMs > loggedAtMs) await this.#writeNow();
    else this.#writeWithin(ENDED_MS);
  }

  async release({ chargedAtMs, loggedAtMs }: Charge): Promise<void> {
    this.#calls = withoutCalls(this.#calls, chargedAtMs, 1);
    this.#pending = [...this.#pending, { kind: 'released', atMs: loggedAtMs, count: 1 }];
    this.#writeWithin(RELEASED_MS);
  }

  async pause(untilMs: number): Promise<void> {
    if (!this.#blob.time.at(untilMs)) await this.#inTurn(() => this.#blob.current());
    const storeMs = this.#blob.time.at(untilMs)?.latestMs ?? 0;
    this.#pending = [...this.#pending, { kind: 'paused', untilMs: storeMs }];
    await this.#writeNow();
  }

  forecast(demand: Demand): readonly number[] {
    const { clock, windows } = this.#parts;
    const nowMs = clock.monotonicMs();
    const here = nextTimes(this.#calls, windows, nowMs, demand);
    const moment = this.#blob.time.at(nowMs);
    // Not asked yet: it looks as if all were free, and the swap will tell.
    if (!moment) return here;
    const { earliestMs } = moment;
    const times = likelyTimes(this.#known(earliestMs), windows, earliestMs, demand);
    return times.map((at, index) =>
      Math.max(here[index] as number, at <= earliestMs ? nowMs : this.#blob.time.localTime(at)),
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#turnFlushOff();
  }

  view(): QuotaView {
    const { clock, windows } = this.#parts;
    const nowMs = clock.monotonicMs();
    const seenAgoMs = nowMs - (this.#blob.copy?.atMs ?? nowMs);
    const { earliestMs = 0 } = this.#blob.time.at(nowMs) ?? {};
    const when = { nowMs: earliestMs, epochMs: clock.epochMs(), seenAgoMs };
    return viewOf(this.#known(earliestMs), windows.interactive, when);
  }

  get #state(): LedgerState {
    return this.#blob.copy?.state ?? NEW_LEDGER;
  }

  #known(earliestMs: number): LedgerState {
    return corrected(this.#state, this.#pending, this.#parts.windows, earliestMs);
  }

  /**
   * Writes what is wanted and pending, whatever goes wrong: lost swaps, lost answers, a store that is slow or
   * down.
   */
  async #swap(wanted: () => Demand): Promise<Charge> {
    const take = Symbol();
    let failures = 0;
    await this.#wait(this.#contention.turnMs(this.#state));
    for (let tries = 1; tries <= MOST_TRIES; tries++) {
      if (tries > 1) await this.#wait(this.#contention.backoffMs(tries - 1, this.#state));
      try {
        const charge = await this.#try(wanted, take);
        if (charge) {
          this.#contention.won();
          return charge;
        }
        this.#contention.lost();
      } catch (error) {
        if (++failures >= MOST_FAILURES) throw error;
      }
    }
    throw this.#busy();
  }

  /** @returns undefined when another instance was faster */
  async #try(wanted: () => Demand, take: symbol): Promise<Charge | undefined> {
    const copy = await this.#blob.current();
    let done = this.#findDone(copy, take);
    if (!done) {
      const { attempt, state } = this.#attempt(copy, wanted(), take);
      if (attempt.charge.granted + attempt.corrections.length === 0 && !copy.isOwed) return attempt.charge;
      this.#attempts = [...this.#attempts, attempt];
      if (!(await this.#blob.swap(copy, state))) return undefined;
      done = attempt;
      this.#attempts = []; // none of the others can take place any more
      this.#countWritten(done);
      this.#mark(state);
    }
    const { charge } = done;
    this.#checkUsable(charge);
    const { windows, clock } = this.#parts;
    const calls = withoutExpired(this.#calls, windows.interactive, clock.monotonicMs());
    this.#calls = withCalls(calls, charge.chargedAtMs, charge.granted);
    return charge;
  }

  /**
   * Finds out which tries took place although their answers were lost; the one of this take is what it
   * wanted.
   */
  #findDone({ state, etag }: LedgerCopy, take: symbol): Attempt | undefined {
    const open = this.#attempts;
    const isDone = ({ swap }: Attempt) => state.swaps.includes(swap);
    this.#attempts = open.filter((attempt) => !isDone(attempt) && attempt.over === etag);
    let found: Attempt | undefined;
    for (const attempt of open.filter(isDone)) {
      this.#countWritten(attempt);
      const { granted, loggedAtMs } = attempt.charge;
      if (attempt.take === take) found = attempt;
      else if (granted > 0) {
        this.#pending = [...this.#pending, { kind: 'released', atMs: loggedAtMs, count: granted }];
      }
    }
    return found;
  }

  #countWritten({ corrections, charge }: Attempt): void {
    this.#pending = this.#pending.filter((one) => !corrections.includes(one));
    const written = withCalls(correctedLog(this.#written, corrections), charge.loggedAtMs, charge.granted);
    this.#written = withoutExpired(written, this.#parts.windows.interactive, charge.latestMs);
  }

  #attempt(copy: LedgerCopy, demand: Demand, take: symbol): { attempt: Attempt; state: LedgerState } {
    const { clock, windows } = this.#parts;
    const chargedAtMs = clock.monotonicMs();
    const moment = this.#blob.time.at(chargedAtMs);
    if (!moment) throw new TypeError('whoever has a copy has asked for the time');
    const { earliestMs, latestMs } = moment;
    const corrections = this.#pending;
    const known = corrected(copy.state, corrections, windows, earliestMs);
    const wanted = this.#allowedHere(demand, chargedAtMs);
    const { state, granted, loggedAtMs } = charged(known, windows, moment, wanted, 'outlives-process');
    const charge = { demand, granted, chargedAtMs, latestMs, loggedAtMs };
    const before = state.exchangeMs || this.#blob.exchangeMs;
    const exchangeMs = before + (this.#blob.exchangeMs - before) * 0.05;
    const next = swapped(
      { ...state, exchangeMs, hasMarker: state.hasMarker || this.#isMarked },
      this.#id,
      earliestMs,
    );
    const swap = next.swaps.at(-1) as string;
    return { attempt: { swap, over: copy.etag, take, charge, corrections }, state: next };
  }

  /** As much of a demand as this instance may use by its own calls alone. */
  #allowedHere(demand: Demand, nowMs: number): Demand {
    const free = nextTimes(this.#calls, this.#parts.windows, nowMs, demand).filter(
      (at) => at <= nowMs,
    ).length;
    const interactive = Math.min(demand.interactive, free);
    return { interactive, background: Math.min(demand.background, free - interactive) };
  }

  /** @throws {StorageError} when calls made now would be too long after what they were charged at */
  #checkUsable({ granted, chargedAtMs, latestMs, loggedAtMs }: Charge): void {
    const nowMs = this.#parts.clock.monotonicMs();
    const now = this.#blob.time.at(nowMs);
    // By the store's time as well: the monotonic clock does not count while a machine sleeps.
    const lateMs = Math.max(nowMs - chargedAtMs, (now?.latestMs ?? 0) - latestMs);
    if (granted === 0 || lateMs <= LATEST_USE_MS) return;
    this.#pending = [...this.#pending, { kind: 'released', atMs: loggedAtMs, count: granted }];
    throw new StorageError(
      'The storage account of STATE_STORAGE is too slow to keep the quota. Ask again later.',
      { retryAtMs: nowMs + LONGEST_WAIT_MS },
    );
  }

  /** Once in a process, behind everything else. */
  #mark({ hasMarker }: LedgerState): void {
    if (hasMarker || this.#isMarked) return;
    this.#isMarked = true;
    this.#blob.mark().catch(() => {
      this.#isMarked = false;
    });
  }

  async #writeNow(): Promise<void> {
    this.#flush ??= this.#inTurn(async () => {
      this.#flush = undefined;
      await this.#swap(() => NO_DEMAND);
    }).catch(() => {}); // they go with the next swap
    await this.#flush;
  }

  /**
   * Writes what is pending by then, if no other swap has taken it along and somebody can be waiting for it.
   */
  #writeWithin(ms: number): void {
    const { clock, random } = this.#parts;
    const atMs = clock.monotonicMs() + ms * (1 - random() / 4);
    if (this.#isStopped || atMs >= this.#flushAtMs || this.#isAlone()) return;
    this.#turnFlushOff();
    this.#flushAtMs = atMs;
    this.#turnFlushOff = clock.alarm(atMs - clock.monotonicMs(), () => {
      this.#flushAtMs = Number.POSITIVE_INFINITY;
      if (this.#pending.length > 0) void this.#writeNow();
    });
  }

  /**
   * Whether nobody else has written of late, and nobody can be waiting: more than half of the minute is left.
   */
  #isAlone(): boolean {
    const { minute } = this.view();
    return minute.remaining > minute.limit / 2 && placeOf(this.#id, this.#state).others === 0;
  }

  /** One swap at a time in this process: it would only compete with itself. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#lastTurn.then(run);
    this.#lastTurn = result.catch(() => {});
    return result;
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await this.#parts.clock.sleep(ms);
  }

  #busy(): StorageError {
    const { clock, random } = this.#parts;
    return new StorageError(
      `The quota's ledger is busy: other instances were faster ${MOST_TRIES} times. Ask again.`,
      { retryAtMs: clock.monotonicMs() + LONGEST_WAIT_MS * (1 + random()) },
    );
  }
}
