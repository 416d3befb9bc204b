import type { Clock } from '../base/clock.js';
import type { Demand, LaneWindows } from './lanes.js';
import type { Charge, Ledger, QuotaView } from './ledger.js';
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

/** A ledger in this process, in the monotonic clock's time: right for one instance, and for one only. */
export class MemoryLedger implements Ledger {
  readonly #clock: Clock;
  readonly #windows: LaneWindows;
  #state: LedgerState = NEW_LEDGER;

  constructor(clock: Clock, windows: LaneWindows) {
    this.#clock = clock;
    this.#windows = windows;
  }

  async prepare(): Promise<void> {}

  async take(demand: Demand): Promise<Charge> {
    const nowMs = this.#clock.monotonicMs();
    this.#correct();
    const { state, granted } = charged(
      this.#state,
      this.#windows,
      { earliestMs: nowMs, latestMs: nowMs },
      demand,
    );
    this.#state = state;
    return { granted, chargedAtMs: nowMs, loggedAtMs: nowMs };
  }

  async correct({ loggedAtMs }: Charge, arrivedByMs: number): Promise<void> {
    this.#correct({ kind: 'moved', fromMs: loggedAtMs, toMs: arrivedByMs - GUARD_MS });
  }

  async release({ loggedAtMs }: Charge): Promise<void> {
    this.#correct({ kind: 'released', atMs: loggedAtMs, count: 1 });
  }

  async pause(untilMs: number): Promise<void> {
    this.#correct({ kind: 'paused', untilMs });
  }

  forecast(demand: Demand): readonly number[] {
    return freeTimes(this.#state, this.#windows, this.#clock.monotonicMs(), demand);
  }

  /** Nobody else asks. */
  spreadMs(): number {
    return 0;
  }

  view(): QuotaView {
    const look = { nowMs: this.#clock.monotonicMs(), epochMs: this.#clock.epochMs(), seenAgoMs: 0 };
    return viewOf(this.#state, this.#windows.interactive, look);
  }

  #correct(...corrections: Correction[]): void {
    this.#state = corrected(this.#state, corrections, this.#windows, this.#clock.monotonicMs());
  }
}
