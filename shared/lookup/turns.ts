import type { Clock } from '../base/clock.js';

/** How work takes turns. */
export interface TurnLimits {
  /** What may be under way at once. */
  readonly mostAtOnce: number;
  /** Who has waited for longer goes without. */
  readonly longestWaitMs: number;
}

interface Waiting {
  readonly untilMs: number;
  /** Tells whether the turn has come, or is given up. */
  readonly go: (isTurn: boolean) => void;
}

/** Lets a bounded number of pieces of work run at once; the others wait, first come, first served. */
export class Turns {
  readonly #clock: Clock;
  readonly #limits: TurnLimits;
  readonly #waiting: Waiting[] = [];
  #underWay = 0;

  constructor(clock: Clock, limits: TurnLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** The result of `work` when its turn came in time, else undefined. */
  async take<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#underWay < this.#limits.mostAtOnce) this.#underWay++;
    else if (!(await this.#turn())) return undefined;
    try {
      return await work();
    } finally {
      this.#passOn();
    }
  }

  #turn(): Promise<boolean> {
    const untilMs = this.#clock.monotonicMs() + this.#limits.longestWaitMs;
    return new Promise((go) => this.#waiting.push({ untilMs, go }));
  }

  /** Looks at the clock only here, so that thousands who wait need no timers. */
  #passOn(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      const isTurn = this.#clock.monotonicMs() <= next.untilMs;
      next.go(isTurn);
      if (isTurn) return;
    }
    this.#underWay--;
  }
}
