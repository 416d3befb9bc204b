import type { Clock } from '../clock.js';
import { EnrichmentError, QuotaError, retryAfterSeconds } from '../errors.js';
import { type Note, unnoted } from '../occurrence.js';
import type { Demand, Lane } from './lanes.js';
import type { Charge, Ledger, QuotaView } from './ledger.js';
import { GUARD_MS } from './sliding-log.js';

/** Who waits for a permit, and until when it is of use. */
export interface Waiting {
  /** The latest moment on the monotonic clock; it may move while waiting, as more callers join. */
  untilMs(): number;
  /** Aborted when nobody wants the permit any more. */
  readonly signal: AbortSignal;
}

/** The right to make one upstream call now. */
export interface Permit {
  /** To be called once, when the call has ended, however it ended. */
  settle(): void;
}

interface Waiter extends Waiting {
  grant(permit: Permit): void;
  refuse(reason: unknown): void;
}

/**
 * Upstream calls in flight at once in this process. Past this, more sockets bring no more answers:
 * a call takes well under a second, and the quota allows a hundred a minute.
 */
const MAX_IN_FLIGHT = 32;

/**
 * Background work takes no permit that it may not live to use: a call takes up to ten seconds
 * (shared/defender/call.ts), and one that is cut off has to be made again. Of a shorter time it leaves
 * half. Who waits for an answer may be lucky.
 */
const USE_MS = 10_000;

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
  readonly #note: Note;
  readonly #queues: Record<Lane, Waiter[]> = { interactive: [], background: [] };
  #inFlight = 0;
  #reviewing = false;
  #reviewAgain = false;
  #alarm: AbortController | undefined;
  #isStopped = false;

  constructor(clock: Clock, ledger: Ledger, note: Note = unnoted) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#note = note;
  }

  /**
   * Waits for the right to make one upstream call. The call is charged whether it is made or not.
   * @throws {QuotaError} at once, when no permit comes before `waiting.untilMs()`
   * @throws the signal's reason, when it is aborted
   */
  acquire(waiting: Waiting, lane: Lane = 'interactive'): Promise<Permit> {
    return new Promise((resolve, reject) => {
      waiting.signal.throwIfAborted();
      if (this.#isStopped) throw this.#stopping();
      const askedMs = this.#clock.monotonicMs();
      const ended = (outcome: 'granted' | 'refused' | 'left') => {
        waiting.signal.removeEventListener('abort', leave);
        this.#note({ kind: 'permit', lane, outcome, waitMs: this.#clock.monotonicMs() - askedMs });
      };
      const leave = () => {
        ended('left');
        this.#queues[lane] = this.#queues[lane].filter((other) => other !== waiter);
        reject(waiting.signal.reason);
        this.#review(); // no alarm is needed any more when this was the last one
      };
      const leftMs = waiting.untilMs() - askedMs;
      const useMs = lane === 'background' ? Math.max(0, Math.min(USE_MS, leftMs / 2)) : 0;
      const waiter: Waiter = {
        untilMs: () => waiting.untilMs() - useMs,
        signal: waiting.signal,
        grant: (permit) => {
          ended('granted');
          resolve(permit);
        },
        refuse: (reason) => {
          ended('refused');
          reject(reason);
        },
      };
      waiting.signal.addEventListener('abort', leave, { once: true });
      this.#queues[lane].push(waiter);
      queueMicrotask(() => this.#review());
    });
  }

  /** Gets ready for the first permit. It does not throw. */
  prepare(): Promise<void> {
    return this.#ledger.prepare();
  }

  /** Hands out no permit any more, because this process is about to end; calls in flight go on. */
  stop(): void {
    this.#isStopped = true;
    this.#refuseAll(this.#stopping());
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
        this.#refuseAll(error);
      }
    }
    this.#reviewing = false;
    this.#setAlarm();
  }

  #refuseAll(reason: unknown): void {
    for (const queue of Object.values(this.#queues)) {
      for (const waiter of queue.splice(0)) waiter.refuse(reason);
    }
  }

  #stopping(): EnrichmentError {
    return new EnrichmentError(
      'app-stopping',
      'This instance of the app is being stopped. Ask again: another one answers.',
      { retryAtMs: this.#clock.monotonicMs() + STOPPING_MS },
    );
  }

  #refuseHopeless(): void {
    const { interactive, background } = this.#queues;
    this.#refuseLate(interactive, this.#ledger.forecast({ interactive: interactive.length, background: 0 }));
    const demand = { interactive: interactive.length, background: background.length };
    if (background.length > 0) {
      this.#refuseLate(background, this.#ledger.forecast(demand).slice(interactive.length));
    }
  }

  /** Keeps in the queue who is served in time; who is refused makes room for those behind. */
  #refuseLate(queue: Waiter[], times: readonly number[]): void {
    const view = this.#ledger.view(); // once: thousands may be refused
    queue.splice(0).forEach((waiter, place) => {
      const atMs = times[queue.length] ?? Number.POSITIVE_INFINITY;
      if (atMs <= waiter.untilMs()) queue.push(waiter);
      else waiter.refuse(this.#exhausted(view, times[place] ?? atMs));
    });
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
    const demand = this.#demand(MAX_IN_FLIGHT - this.#inFlight);
    const wanted = demand.interactive + demand.background;
    if (wanted === 0) return;
    const charge = await this.#ledger.take(demand);
    const { granted } = charge;
    const { interactive, background } = this.#queues;
    // What was granted to an interactive waiter who has left meanwhile is not background work's.
    const toBackground = Math.max(0, granted - demand.interactive);
    const served = [...interactive.splice(0, granted - toBackground), ...background.splice(0, toBackground)];
    for (const waiter of served) {
      this.#inFlight++;
      waiter.grant({ settle: () => this.#settle(charge) });
    }
    // The ledger may have learnt only now of calls that other instances made.
    if (granted < wanted) this.#refuseHopeless();
  }

  /** What is waited for, up to `most`. */
  #demand(most: number): Demand {
    const interactive = Math.min(this.#queues.interactive.length, Math.max(0, most));
    const background = Math.min(this.#queues.background.length, Math.max(0, most - interactive));
    return { interactive, background };
  }

  #settle(charge: Charge): void {
    this.#inFlight--;
    const endedAtMs = this.#clock.monotonicMs();
    // A slow call can have arrived as late as now; the guard covers no more than its own length.
    const late = endedAtMs - charge.chargedAtMs > GUARD_MS;
    const corrected = late ? this.#ledger.correct(charge, endedAtMs) : Promise.resolve();
    corrected.catch(() => {}).then(() => this.#review());
  }

  /** Looks again when the next permit is free. */
  #setAlarm(): void {
    this.#alarm?.abort();
    this.#alarm = undefined;
    const next = this.#demand(this.#inFlight < MAX_IN_FLIGHT ? 1 : 0);
    if (next.interactive + next.background === 0) return;
    const [nextMs = 0] = this.#ledger.forecast(next);
    this.#alarm = new AbortController();
    const waitMs = nextMs + this.#ledger.spreadMs() - this.#clock.monotonicMs();
    this.#clock.sleep(waitMs, this.#alarm.signal).then(
      () => this.#review(),
      () => {}, // a later review set another alarm
    );
  }
}
