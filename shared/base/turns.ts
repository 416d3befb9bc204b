import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest stretch of work in one turn of the event loop, in ms. A choice: half of what others may notice. */
const STRETCH_MS = 20;

/**
 * Work in steps: each `yield` is a place where other requests may be served. The work itself stays a plain
 * function, without time or promises in it.
 */
export type Steps<T> = Generator<void, T, void>;

/** Measures how long a piece of work has held the event loop. */
export class Pace {
  #sinceMs = performance.now();

  /** Whether it is time to call `turn`. */
  get isDue(): boolean {
    return performance.now() - this.#sinceMs >= STRETCH_MS;
  }

  /** Lets everything that waits for the event loop run once. */
  async turn(): Promise<void> {
    await nextTurn();
    this.#sinceMs = performance.now();
  }
}

/** Runs steps, and serves others whenever the work has taken long enough. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  const pace = new Pace();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (pace.isDue) await pace.turn();
  }
}

/** Runs steps without a pause: for work that is known to be small. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
