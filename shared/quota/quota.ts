import type { Clock } from '../base/clock.js';
import { EnrichmentError, QuotaError, retryAfterSeconds } from '../base/errors.js';
import { type Emit, emitNothing } from '../base/telemetry-event.js';
import type { Lane } from './lanes.js';
import type { Charge, Ledger, QuotaView } from './ledger.js';
import { GUARD_MS } from './sliding-log.js';
import { type Permit, Waiters, type Waiting } from './waiters.js';

/**
 * Upstream calls in flight at once in this process. Past this, more sockets bring no more answers:
 * a call takes well under a second, and the quota allows a hundred a minute.
 */
const MAX_IN_FLIGHT = 32;

/** By then the platform sends callers elsewhere. */
const STOPPING_MS = 5_000;

/** Calls that a forecast looks ahead; by then it is a guess anyway. */
const MOST_FORECAST = 3_000;

/**
 * Hands out the ledger's permits in the order of asking, interactive ones first. Who cannot get one in
 * time is told at once, with the exact wait, instead of being kept until the deadline.
 */
export class Quota {
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #waiters: Waiters;
  #inFlight = 0;
  #reviewing = false;
  #reviewAgain = false;
  #turnAlarmOff: () => void = () => {};
  #isStopped = false;

  constructor(clock: Clock, ledger: Ledger, emit: Emit = emitNothing) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#waiters = new Waiters(clock, emit);
  }

  /**
   * Waits for the right to make one upstream call. It is charged until it is settled as never sent.
   * @throws {QuotaError} at once, when no permit comes before `waiting.untilMs()`
   * @throws {StorageError} when the ledger is out of reach, or too many instances write to it
   * @throws {EnrichmentError} `app-stopping`, after `stop`
   * @throws the signal's reason, when it is aborted
   */
  async acquire(waiting: Waiting, lane: Lane = 'interactive'): Promise<Permit> {
    waiting.signal.throwIfAborted();
    if (this.#isStopped) throw this.#stopping();
    const review = () => this.#review(); // for who has left as well: no alarm may be needed any more
    const permit = this.#waiters.join(waiting, lane, review);
    queueMicrotask(review);
    return permit;
  }

  /** Gets ready for the first permit. It does not throw. */
  prepare(): Promise<void> {
    return this.#ledger.prepare();
  }

  /** Hands out no permit any more, because this process is about to end; calls in flight go on. */
  stop(): void {
    this.#isStopped = true;
    this.#waiters.refuseAll(this.#stopping());
  }

  /** Stops everyone for `ms`, because the upstream answered 429. */
  async pause(ms: number): Promise<void> {
    await this.#ledger.pause(this.#clock.monotonicMs() + ms);
    this.#review();
  }

  /**
   * When so many further background calls are likely to have been made, on the monotonic clock, as far
   * as is known; no I/O.
   */
  expectBackground(calls: number): number {
    const most = Math.min(calls, MOST_FORECAST);
    const times = this.#ledger.forecast({ interactive: 0, background: most });
    return times.at(-1) ?? this.#clock.monotonicMs();
  }

  /** What is left of the quota, as this instance saw it last; no I/O. */
  view(): QuotaView {
    return this.#ledger.view();
  }

  /** One review at a time; whatever happens during one is seen by the next. */
  async #review(): Promise<void> {
    this.#reviewAgain = true;
    if (this.#reviewing) return;
    this.#reviewing = true;
    while (this.#reviewAgain) {
      this.#reviewAgain = false;
      try {
        this.#refuseHopeless();
        await this.#grant();
      } catch (error) {
        this.#waiters.refuseAll(error);
      }
    }
    this.#reviewing = false;
    this.#setAlarm();
  }

  #stopping(): EnrichmentError {
    return new EnrichmentError(
      'app-stopping',
      'This instance of the app is being stopped. Ask again: another one answers.',
      { retryAtMs: this.#clock.monotonicMs() + STOPPING_MS },
    );
  }

  #refuseHopeless(): void {
    const view = this.#ledger.view(); // once: thousands may be refused
    const reasonAt = (atMs: number) => this.#exhausted(view, atMs);
    const first = { ...this.#waiters.demand(), background: 0 };
    this.#waiters.refuseLate('interactive', this.#ledger.forecast(first), reasonAt);
    const demand = this.#waiters.demand();
    if (demand.background === 0) return;
    const times = this.#ledger.forecast(demand).slice(demand.interactive);
    this.#waiters.refuseLate('background', times, reasonAt);
  }

  #exhausted({ minute, hour }: QuotaView, retryAtMs: number): EnrichmentError {
    const wait = retryAfterSeconds(retryAtMs, this.#clock.monotonicMs());
    return new QuotaError(
      `No call to Defender is free for this alert before ${wait} s from now: it allows ${minute.limit} a minute and ` +
        `${hour.limit} an hour, and can ask for a pause. Ask again then, or allow a longer wait.`,
      { retryAtMs },
    );
  }

  async #grant(): Promise<void> {
    const demand = this.#waiters.demand(MAX_IN_FLIGHT - this.#inFlight);
    const wanted = demand.interactive + demand.background;
    if (wanted === 0) return;
    const charge = await this.#ledger.take(demand);
    this.#waiters.serve(charge.granted, demand, () => this.#permit(charge));
    // The ledger may have learnt only now of calls that other instances made.
    if (charge.granted < wanted) this.#refuseHopeless();
  }

  #permit(charge: Charge): Permit {
    this.#inFlight++;
    return { settle: (wasSent) => this.#settle(charge, wasSent) };
  }

  #settle(charge: Charge, wasSent: boolean): void {
    this.#inFlight--;
    this.#account(charge, wasSent)
      .catch(() => {})
      .then(() => this.#review());
  }

  async #account(charge: Charge, wasSent: boolean): Promise<void> {
    const endedAtMs = this.#clock.monotonicMs();
    if (!wasSent) await this.#ledger.release(charge);
    // A slow call can have arrived as late as now; the guard covers no more than its own length.
    else if (endedAtMs - charge.chargedAtMs > GUARD_MS) await this.#ledger.correct(charge, endedAtMs);
  }

  /** Looks again when the next permit is free. */
  #setAlarm(): void {
    this.#turnAlarmOff();
    const next = this.#waiters.demand(this.#inFlight < MAX_IN_FLIGHT ? 1 : 0);
    if (next.interactive + next.background === 0) return;
    const [nextMs = 0] = this.#ledger.forecast(next);
    const waitMs = nextMs + this.#ledger.spreadMs() - this.#clock.monotonicMs();
    this.#turnAlarmOff = this.#clock.alarm(waitMs, () => this.#review());
  }
}
