import type { Clock } from '../base/clock.js';

/** What a semaphore allows. */
export interface SemaphoreLimits {
  readonly mostAtOnce: number;
  /** Work that has waited longer is not done. */
  readonly longestWaitMs: number;
}

interface Waiting {
  readonly untilMs: number;
  readonly go: (mayRun: boolean) => void;
}

/**
 * Lets a bounded number of pieces of work run at once. The others wait in one queue per requester, and the
 * queues are served in turn, so that whoever asks for one thing does not wait behind somebody who asks for
 * thousands.
 */
export class FairSemaphore {
  readonly #clock: Clock;
  readonly #limits: SemaphoreLimits;
  /** By requester, in the order in which they are served; none is empty. */
  readonly #queues = new Map<object, Waiting[]>();
  #running = 0;

  constructor(clock: Clock, limits: SemaphoreLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * The result of `work`, or undefined when it waited too long and was not begun.
   * @param requester tells whose work it is, by identity
   */
  async run<T>(requester: object, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#running < this.#limits.mostAtOnce) this.#running++;
    else if (!(await this.#wait(requester))) return undefined;
    try {
      return await work();
    } finally {
      this.#passOn();
    }
  }

  #wait(requester: object): Promise<boolean> {
    const untilMs = this.#clock.monotonicMs() + this.#limits.longestWaitMs;
    return new Promise((go) => {
      const queue = this.#queues.get(requester);
      if (queue) queue.push({ untilMs, go });
      else this.#queues.set(requester, [{ untilMs, go }]);
    });
  }

  /** Looks at the clock only here, so that thousands who wait need no timers. */
  #passOn(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const mayRun = this.#clock.monotonicMs() <= next.untilMs;
      next.go(mayRun);
      if (mayRun) return;
    }
    this.#running--;
  }

  /** The first of the first queue, which goes to the end. */
  #next(): Waiting | undefined {
    const [first] = this.#queues;
    if (!first) return undefined;
    const [requester, queue] = first;
    const next = queue.shift();
    this.#queues.delete(requester);
    if (queue.length > 0) this.#queues.set(requester, queue);
    return next;
  }
}
