import type { Clock } from '../base/clock.js';
import type { Emit } from '../base/telemetry-event.js';
import type { Demand, Lane } from './lanes.js';

/** Who waits for a permit, and until when it is of use. */
export interface Waiting {
  /** The latest moment on the monotonic clock; it may move while waiting, as more callers join. */
  untilMs(): number;
  /** Aborted when nobody wants the permit any more. */
  readonly signal: AbortSignal;
}

/** The right to make one upstream call now. */
export interface Permit {
  /**
   * To be called once, when the call has ended, however it ended.
   * @param wasSent false only where nothing of the call can have left this machine: then it costs no permit
   */
  settle(wasSent: boolean): void;
}

interface Waiter {
  /** The latest moment at which a permit is taken. */
  untilMs(): number;
  grant(permit: Permit): void;
  refuse(reason: unknown): void;
}

/**
 * A background waiter takes no permit in the last ten seconds of its time (a call may take as long), or in the last
 * half if it has less than twenty: a call that is cut off has to be made again. An interactive one does up to the end.
 */
const USE_MS = 10_000;

/** The line of those who wait for permits: in the order of asking, interactive ones first. */
export class Waiters {
  readonly #clock: Clock;
  readonly #emit: Emit;
  readonly #queues: Record<Lane, Waiter[]> = { interactive: [], background: [] };

  constructor(clock: Clock, emit: Emit) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /**
   * Waits in the line.
   * @param onLeave called when the waiter's signal has taken it out
   * @throws what it is refused with, or its signal's reason
   */
  join(waiting: Waiting, lane: Lane, onLeave: () => void): Promise<Permit> {
    const { signal } = waiting;
    return new Promise((resolve, reject) => {
      const askedMs = this.#clock.monotonicMs();
      const ended = (outcome: 'granted' | 'refused' | 'left') => {
        signal.removeEventListener('abort', leave);
        this.#emit({ kind: 'permit', lane, outcome, waitMs: this.#clock.monotonicMs() - askedMs });
      };
      const leave = () => {
        ended('left');
        this.#queues[lane] = this.#queues[lane].filter((other) => other !== waiter);
        reject(signal.reason);
        onLeave();
      };
      const leftMs = waiting.untilMs() - askedMs;
      const useMs = lane === 'background' ? Math.max(0, Math.min(USE_MS, leftMs / 2)) : 0;
      const waiter: Waiter = {
        untilMs: () => waiting.untilMs() - useMs,
        grant: (permit) => {
          ended('granted');
          resolve(permit);
        },
        refuse: (reason) => {
          ended('refused');
          reject(reason);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#queues[lane].push(waiter);
    });
  }

  /** What is waited for, up to `most`. */
  demand(most = Number.POSITIVE_INFINITY): Demand {
    const interactive = Math.min(this.#queues.interactive.length, Math.max(0, most));
    const background = Math.min(this.#queues.background.length, Math.max(0, most - interactive));
    return { interactive, background };
  }

  /** Serves as many as were granted of a demand. What an interactive waiter has left behind is not background work's. */
  serve(granted: number, demand: Demand, permit: () => Permit): void {
    const { interactive, background } = this.#queues;
    const toBackground = Math.max(0, granted - demand.interactive);
    const served = [...interactive.splice(0, granted - toBackground), ...background.splice(0, toBackground)];
    for (const waiter of served) waiter.grant(permit());
  }

  /**
   * Keeps who is served in time; who is refused makes room for those behind.
   * @param times when the first, second, … of the lane is served
   * @param reasonAt why not before a time
   */
  refuseLate(lane: Lane, times: readonly number[], reasonAt: (atMs: number) => unknown): void {
    const queue = this.#queues[lane];
    queue.splice(0).forEach((waiter, place) => {
      const atMs = times[queue.length] ?? Number.POSITIVE_INFINITY;
      if (atMs <= waiter.untilMs()) queue.push(waiter);
      else waiter.refuse(reasonAt(times[place] ?? atMs));
    });
  }

  refuseAll(reason: unknown): void {
    for (const queue of Object.values(this.#queues)) {
      for (const waiter of queue.splice(0)) waiter.refuse(reason);
    }
  }
}
