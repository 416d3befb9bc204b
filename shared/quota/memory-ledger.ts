import type { Clock } from '../clock.js';
import { type Demand, type LaneWindows, laneWindows, nextTimes } from './lanes.js';
import type { Charge, Ledger, QuotaView } from './ledger.js';
import { type CallLog, GUARD_MS, withCallMoved, withCalls, withoutExpired } from './sliding-log.js';
import { viewOf } from './view.js';

/** A ledger in this process: right for one instance, and for one only. */
export class MemoryLedger implements Ledger {
  readonly #clock: Clock;
  readonly #windows: LaneWindows;
  #log: CallLog = [];
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, perMinute: number, perHour: number, reservePercent = 0) {
    this.#clock = clock;
    this.#windows = laneWindows(perMinute, perHour, reservePercent);
  }

  async prepare(): Promise<void> {}

  async take(demand: Demand): Promise<Charge> {
    const nowMs = this.#clock.monotonicMs();
    this.#log = withoutExpired(this.#log, this.#windows.interactive, nowMs);
    const granted = this.#times(demand, nowMs).filter((at) => at <= nowMs).length;
    this.#log = withCalls(this.#log, nowMs, granted);
    return { granted, chargedAtMs: nowMs, loggedAtMs: nowMs };
  }

  async correct({ loggedAtMs }: Charge, arrivedByMs: number): Promise<void> {
    this.#log = withCallMoved(this.#log, loggedAtMs, arrivedByMs - GUARD_MS);
  }

  async pause(untilMs: number): Promise<void> {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }

  forecast(demand: Demand): readonly number[] {
    return this.#times(demand, this.#clock.monotonicMs());
  }

  /** Nobody else asks. */
  spreadMs(): number {
    return 0;
  }

  view(): QuotaView {
    const look = { nowMs: this.#clock.monotonicMs(), epochMs: this.#clock.epochMs(), seenAgoMs: 0 };
    return viewOf({ log: this.#log, pausedUntilMs: this.#pausedUntilMs }, this.#windows.interactive, look);
  }

  #times(demand: Demand, nowMs: number): number[] {
    return nextTimes(this.#log, this.#windows, Math.max(nowMs, this.#pausedUntilMs), demand);
  }
}
