import type { Clock } from '../base/clock.js';
import type { Emit } from '../base/telemetry-event.js';
import type { Demand, Priority } from './priorities.js';

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
 * A background waiter takes no permit in the last ten seconds of its time (a call may take as long), or in
 * the last half if it has less than twenty: a call that is cut off has to be made again. An interactive one
 * does up to the end.
 */
const USE_MS = 10_000;

/** The line of those who wait for permits: in the order of asking, interactive ones first. */
export class Waiters {
  readonly #clock: Clock;
  readonly #emit: Emit;
  /** In the order of asking; sets, since thousands can leave at one moment. */
  readonly #queues: Record<Priority, Set<Waiter>> = { interactive: new Set(), background: new Set() };

  constructor(clock: Clock, emit: Emit) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /**
   * Waits in the line.
   * @param onLeave called when the waiter's signal has taken it out
   * @throws what it is refused with, or its signal's reason
   */
  join(waiting: Waiting, priority: Priority, onLeave: () => void): Promise<Permit> {
    const { signal } = waiting;
    const queue = this.#queues[priority];
    return new Promise((resolve, reject) => {
      const askedMs = this.#clock.monotonicMs();
      const ended = (outcome: 'granted' | 'refused' | 'left') => {
        signal.removeEventListener('abort', leave);
        queue.delete(waiter);
        this.#emit({ kind: 'permit', lane: priority, outcome, waitMs: this.#clock.monotonicMs() - askedMs });
      };
      const leave = () => {
        ended('left');
        reject(signal.reason);
        onLeave();
      };
      const leftMs = waiting.untilMs() - askedMs;
      const useMs = priority === 'background' ? Math.max(0, Math.min(USE_MS, leftMs / 2)) : 0;
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
      queue.add(waiter);
    });
  }

  /** What is waited for, up to `most`. */
  demand(most = Number.POSITIVE_INFINITY): Demand {
    const interactive = Math.min(this.#queues.interactive.size, Math.max(0, most));
    const background = Math.min(this.#queues.background.size, Math.max(0, most - interactive));
    return { interactive, background };
  }

  /** Whether a background waiter has too little time left by now to use a permit. */
  isAnyLate(): boolean {
    return first(this.#queues.background, 1, (waiter) => this.#isLate(waiter)).length > 0;
  }

  /**
   * Serves as many as were granted of a demand. A permit whose interactive waiter has left is not for
   * background work, and background work that has waited for too long to use one gets none.
   * @returns how many of the background permits nobody could use
   */
  serve(granted: number, demand: Demand, permit: () => Permit): number {
    const toBackground = Math.max(0, granted - demand.interactive);
    const { interactive, background } = this.#queues;
    const inTime = first(background, toBackground, (waiter) => !this.#isLate(waiter));
    for (const waiter of [...first(interactive, granted - toBackground), ...inTime]) waiter.grant(permit());
    return toBackground - inTime.length;
  }

  #isLate(waiter: Waiter): boolean {
    return waiter.untilMs() < this.#clock.monotonicMs();
  }

  /**
   * Keeps who is served in time; who is refused makes room for those behind.
   * @param times when the first, second, … of the priority is served
   * @param reasonAt why not before a time
   */
  refuseLate(priority: Priority, times: readonly number[], reasonAt: (atMs: number) => unknown): void {
    let place = 0;
    let kept = 0;
    for (const waiter of this.#queues[priority]) {
      const atMs = times[kept] ?? Number.POSITIVE_INFINITY;
      if (atMs <= waiter.untilMs()) kept++;
      else waiter.refuse(reasonAt(times[place] ?? atMs));
      place++;
    }
  }

  refuseAll(reason: unknown): void {
    for (const queue of Object.values(this.#queues)) {
      for (const waiter of queue) waiter.refuse(reason);
    }
  }
}

/** The first of a queue, of those that are wanted. */
function first(queue: Iterable<Waiter>, count: number, isWanted = (_: Waiter) => true): Waiter[] {
  const taken: Waiter[] = [];
  for (const waiter of queue) {
    if (taken.length >= count) break;
    if (isWanted(waiter)) taken.push(waiter);
  }
  return taken;
}
