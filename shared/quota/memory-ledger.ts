import type { Clock } from '../clock.js';
import type { Charge, Ledger, QuotaView } from './ledger.js';
import {
  type CallLog,
  GUARD_MS,
  nextCallTimes,
  remaining,
  type Window,
  windowsOf,
  withCallMoved,
  withCalls,
  withoutExpired,
} from './sliding-log.js';

/** A ledger in this process: right for one instance, and for one only. */
export class MemoryLedger implements Ledger {
  readonly #clock: Clock;
  readonly #windows: readonly Window[];
  #log: CallLog = [];
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, perMinute: number, perHour: number) {
    this.#clock = clock;
    this.#windows = windowsOf(perMinute, perHour);
  }

  async take(count: number): Promise<Charge> {
    const nowMs = this.#clock.monotonicMs();
    this.#log = withoutExpired(this.#log, this.#windows, nowMs);
    const granted = this.#times(count, nowMs).filter((at) => at <= nowMs).length;
    this.#log = withCalls(this.#log, nowMs, granted);
    return { granted, chargedAtMs: nowMs };
  }

  async correct(chargedAtMs: number, arrivedByMs: number): Promise<void> {
    this.#log = withCallMoved(this.#log, chargedAtMs, arrivedByMs - GUARD_MS);
  }

  async pause(untilMs: number): Promise<void> {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);
  }

  forecast(count: number): readonly number[] {
    return this.#times(count, this.#clock.monotonicMs());
  }

  view(): QuotaView {
    const nowMs = this.#clock.monotonicMs();
    const [minute, hour] = this.#windows.map((window) => ({
      limit: window.limit,
      remaining: remaining(this.#log, window, nowMs),
    }));
    if (!minute || !hour) throw new RangeError('a ledger has two windows');
    const epochMs = this.#clock.epochMs();
    const pausedMs = this.#pausedUntilMs - nowMs;
    return {
      asOf: new Date(epochMs).toISOString(),
      minute,
      hour,
      ...(pausedMs > 0 ? { pausedUntil: new Date(epochMs + pausedMs).toISOString() } : {}),
    };
  }

  #times(count: number, nowMs: number): number[] {
    return nextCallTimes(this.#log, this.#windows, Math.max(nowMs, this.#pausedUntilMs), count);
  }
}
