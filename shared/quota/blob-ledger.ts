import { type Demand, NO_DEMAND } from './lanes.js';
import type { Charge, Ledger, QuotaView } from './ledger.js';
import { LedgerBlob, type LedgerPlace } from './ledger-blob.js';
import { type Correction, corrected, freeTimes, type LedgerState, NEW_LEDGER } from './ledger-state.js';
import { LedgerWriter, type WriterParts } from './ledger-writer.js';
import { GUARD_MS } from './sliding-log.js';
import { viewOf } from './view.js';

/** What a shared ledger is made of. */
export interface BlobLedgerParts extends LedgerPlace, WriterParts {}

/** Waiters of several instances ask within this time of the moment they all wait for, not at once. */
const SPREAD_MS = 150;

/** A ledger in a blob, shared by all instances: each change is a compare-and-swap of the whole. */
export class BlobLedger implements Ledger {
  readonly #parts: BlobLedgerParts;
  readonly #blob: LedgerBlob;
  readonly #writer: LedgerWriter;
  #lastTurn: Promise<unknown> = Promise.resolve();
  /** A swap for corrections alone that waits for its turn. */
  #flush: Promise<void> | undefined;

  constructor(parts: BlobLedgerParts) {
    this.#parts = parts;
    this.#blob = new LedgerBlob(parts, parts.windows);
    this.#writer = new LedgerWriter(parts, this.#blob);
  }

  async prepare(): Promise<void> {
    await this.#inTurn(() => this.#blob.lookAhead()).catch(() => {});
  }

  /** @throws {StorageError} when the store is down or too many instances write at once; nothing is granted then */
  take(demand: Demand): Promise<Charge> {
    return this.#inTurn(() => this.#writer.swap(demand));
  }

  async correct({ loggedAtMs }: Charge, arrivedByMs: number): Promise<void> {
    const toMs = (await this.#storeTime(arrivedByMs)) - GUARD_MS;
    await this.#add({ kind: 'moved', fromMs: loggedAtMs, toMs });
  }

  async release({ loggedAtMs }: Charge): Promise<void> {
    await this.#add({ kind: 'released', atMs: loggedAtMs, count: 1 });
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
    return corrected(state, this.#writer.pending, this.#parts.windows, earliestMs);
  }

  /** The latest that the store's time can be at a local moment. */
  async #storeTime(localMs: number): Promise<number> {
    if (!this.#blob.time.at(localMs)) await this.#inTurn(() => this.#blob.current());
    return this.#blob.time.at(localMs)?.latestMs ?? 0;
  }

  /** Counts at once here, and for the others as soon as the store takes it. */
  async #add(correction: Correction): Promise<void> {
    this.#writer.add(correction);
    this.#flush ??= this.#inTurn(async () => {
      this.#flush = undefined;
      await this.#writer.swap(NO_DEMAND);
    }).catch(() => {}); // they go with the next swap
    await this.#flush;
  }

  /** One swap at a time in this process: it would only compete with itself. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#lastTurn.then(run);
    this.#lastTurn = result.catch(() => {});
    return result;
  }
}
