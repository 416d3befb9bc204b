import type { Clock } from '../base/clock.js';
import { EnrichmentError, retryAfterSeconds } from '../base/errors.js';
import { type Emit, emitNothing } from '../base/telemetry-event.js';
import type { Charge, Ledger, QuotaView } from './ledger.js';
import type { Priority } from './priorities.js';
import { GUARD_MS } from './sliding-log.js';
import { type Permit, Waiters, type Waiting } from './waiters.js';

/**
 * Upstream calls in flight at once in this process. Past this, more sockets bring no more answers:
 * a call takes well under a second, and the quota allows a hundred a minute. A choice.
 */
const MAX_IN_FLIGHT = 32;

/**
 * When to ask again an instance that is being stopped: the platform sends callers elsewhere by then. A
 * choice.
 */
const STOPPING_MS = 5_000;

/** Calls that a forecast looks ahead: two hours' worth for Defender; by then it is a guess anyway. */
const MOST_FORECAST = 3_000;

/**
 * Hands out the ledger's permits in the order of asking, interactive ones first. Who cannot get one in
 * time is told at once, with the exact wait, instead of being kept until the deadline.
 */
export class Quota {
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #waiters: Waiters;
  readonly #api: string;
  #inFlight = 0;
  #reviewing = false;
  #reviewAgain = false;
  /**
   * Whether somebody has joined, or may be served later than was forecast, since the last look at all who
   * wait.
   */
  #isForecastDue = false;
  #turnAlarmOff: () => void = () => {};
  #isStopped = false;

  /** @param api whose limit it is, for messages */
  constructor(clock: Clock, ledger: Ledger, emit: Emit = emitNothing, api = 'Defender') {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#waiters = new Waiters(clock, emit);
    this.#api = api;
  }

  /**
   * Waits for the right to make one upstream call. It is charged until it is settled as never sent.
   * @throws {EnrichmentError} `quota-exhausted`, at once, when no permit comes before `waiting.untilMs()`
   * @throws {StorageError} when the ledger is out of reach, or too many instances write to it
   * @throws {EnrichmentError} `app-stopping`, after `stop`
   * @throws the signal's reason, when it is aborted
   */
  async acquire(waiting: Waiting, priority: Priority): Promise<Permit> {
    waiting.signal.throwIfAborted();
    if (this.#isStopped) throw this.#stopping();
    const review = () => this.#review(); // for who has left as well: no alarm may be needed any more
    const permit = this.#waiters.join(waiting, priority, review);
    this.#isForecastDue = true;
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
    this.#turnAlarmOff();
    this.#ledger.stop();
    this.#waiters.refuseAll(this.#stopping());
  }

  /** Stops everyone for `ms`, because the upstream answered 429. */
  async pause(ms: number): Promise<void> {
    await this.#ledger.pause(this.#clock.monotonicMs() + ms);
    this.#isForecastDue = true;
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
        const isNew = this.#isForecastDue;
        this.#isForecastDue = false;
        if (isNew || this.#waiters.isAnyLate()) this.#refuseHopeless();
        await this.#grant(isNew);
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

  /**
   * Looks at all who wait, which costs as much as there are: only when somebody has joined or something got
   * later.
   */
  #refuseHopeless(): void {
    const reasonAt = this.#reasons();
    const first = { ...this.#waiters.demand(), background: 0 };
    if (first.interactive > 0) {
      this.#waiters.refuseLate('interactive', this.#ledger.forecast(first), reasonAt);
    }
    const demand = this.#waiters.demand();
    if (demand.background === 0) return;
    const times = this.#ledger.forecast(demand).slice(demand.interactive);
    this.#waiters.refuseLate('background', times, reasonAt);
  }

  /** One error for all who are told the same wait in seconds: thousands may be refused at one moment. */
  #reasons(): (atMs: number) => EnrichmentError {
    const nowMs = this.#clock.monotonicMs();
    const reasons = new Map<number, EnrichmentError>();
    let limits: string | undefined;
    return (atMs) => {
      const seconds = retryAfterSeconds(atMs, nowMs);
      let reason = reasons.get(seconds);
      if (!reason) {
        limits ??= inWords(this.#ledger.view());
        const retryAtMs = nowMs + seconds * 1_000;
        const message =
          `The call limit of ${this.#api} is reached (${limits}, or a pause that it asked for): no call is free for ` +
          `${seconds} s. Ask again in ${seconds} s, or allow a longer wait.`;
        reason = new EnrichmentError('quota-exhausted', message, { retryAtMs });
        reasons.set(seconds, reason);
      }
      return reason;
    };
  }

  /** @param isNew whether somebody has joined: then the ledger is asked even if none is known to be free */
  async #grant(isNew: boolean): Promise<void> {
    const demand = this.#waiters.demand(MAX_IN_FLIGHT - this.#inFlight);
    const wanted = demand.interactive + demand.background;
    if (wanted === 0) return;
    const times = this.#ledger.forecast(demand);
    const nowMs = this.#clock.monotonicMs(); // not before: what is free now, a forecast dates when it was made
    const free = times.filter((at) => at <= nowMs).length;
    if (free === 0 && !isNew) return; // the alarm is set for when one is
    const charge = await this.#ledger.take(() => this.#waiters.demand(MAX_IN_FLIGHT - this.#inFlight));
    const unused = this.#waiters.serve(charge.granted, charge.demand, () => this.#permit(charge));
    // Charging can take as long as a busy ledger takes: whose time has run out meanwhile gives its permit
    // back.
    for (let count = 0; count < unused; count++) this.#permit(charge).settle(false);
    // The ledger may have learnt only now of calls that other instances made.
    if (charge.granted < (isNew ? wanted : free)) this.#refuseHopeless();
  }

  #permit(charge: Charge): Permit {
    this.#inFlight++;
    return { settle: (wasSent) => this.#settle(charge, wasSent) };
  }

  #settle(charge: Charge, wasSent: boolean): void {
    this.#inFlight--;
    const endedAtMs = this.#clock.monotonicMs();
    if (endedAtMs - charge.chargedAtMs > GUARD_MS) this.#isForecastDue = true; // it may count later than it was forecast
    const settled = wasSent ? this.#ledger.settle(charge, endedAtMs) : this.#ledger.release(charge);
    settled.catch(() => {}).then(() => this.#review());
  }

  /** Looks again when the next permit is free. */
  #setAlarm(): void {
    this.#turnAlarmOff();
    const next = this.#waiters.demand(this.#inFlight < MAX_IN_FLIGHT ? 1 : 0);
    if (next.interactive + next.background === 0) return;
    const [nextMs = 0] = this.#ledger.forecast(next);
    const waitMs = nextMs - this.#clock.monotonicMs();
    this.#turnAlarmOff = this.#clock.alarm(waitMs, () => this.#review());
  }
}

function inWords({ minute, hour }: QuotaView): string {
  const byMinute = `${minute.limit} a minute`;
  return hour ? `${byMinute} and ${hour.limit} an hour` : byMinute;
}
