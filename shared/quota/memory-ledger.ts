import type { Clock } from '../base/clock.js';
import type { Charge, Ledger, QuotaView } from './ledger.js';
import {
  type Correction,
  charged,
  corrected,
  freeTimes,
  type LedgerState,
  NEW_LEDGER,
  viewOf,
} from './ledger-state.js';
import type { Demand, PriorityWindows } from './priorities.js';
import { GUARD_MS } from './sliding-log.js';

/** A ledger in this process, in the monotonic clock's time: right for one instance, and for one only. */
export class MemoryLedger implements Ledger {
  readonly #clock: Clock;
  readonly #windows: PriorityWindows;
  #state: LedgerState = NEW_LEDGER;

  constructor(clock: Clock, windows: PriorityWindows) {
    this.#clock = clock;
    this.#windows = windows;
  }

  async prepare(): Promise<void> {}

  async take(wanted: () => Demand): Promise<Charge> {
    const nowMs = this.#clock.monotonicMs();
    this.#correct();
    const demand = wanted();
    const moment = { earliestMs: nowMs, latestMs: nowMs };
    const { state, granted } = charged(this.#state, this.#windows, moment, demand, 'ends-with-process');
    this.#state = state;
    return { demand, granted, chargedAtMs: nowMs, latestMs: nowMs, loggedAtMs: nowMs };
  }

  /** A slow call can have arrived as late as it ended; the guard covers no more than its own length. */
  async settle({ loggedAtMs }: Charge, endedAtMs: number): Promise<void> {
    if (endedAtMs - loggedAtMs <= GUARD_MS) return;
    this.#correct({ kind: 'moved', fromMs: loggedAtMs, toMs: endedAtMs - GUARD_MS, count: 1 });
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

  stop(): void {}

  view(): QuotaView {
    const when = { nowMs: this.#clock.monotonicMs(), epochMs: this.#clock.epochMs(), seenAgoMs: 0 };
    return viewOf(this.#state, this.#windows.interactive, when);
  }

  #correct(...corrections: Correction[]): void {
    this.#state = corrected(this.#state, corrections, this.#windows, this.#clock.monotonicMs());
  }
}
