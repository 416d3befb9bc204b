import { setImmediate as letOthersIn } from 'node:timers/promises';

/**
 * Work that others may interrupt. It yields wherever that is possible, about once a millisecond or more
 * often, and knows neither clock nor event loop: whoever runs it decides when it waits.
 */
export type Steps<T> = Generator<void, T, void>;

/**
 * How long one piece of work may keep the event loop, in milliseconds. A choice: a request that waits
 * behind three others under way is still served within 50 ms.
 */
const LONGEST_TURN_MS = 15;

/** Measures how long a piece of work has kept the event loop. */
export class Pace {
  #since = performance.now();

  /** Lets other requests in. */
  async pause(): Promise<void> {
    await letOthersIn();
    this.#since = performance.now();
  }

  get isPauseDue(): boolean {
    return performance.now() - this.#since >= LONGEST_TURN_MS;
  }
}

/** Runs work to its end and lets other requests in between, so that none of them waits for all of it. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  const pace = new Pace();
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (pace.isPauseDue) await pace.pause();
  }
}

/** Runs work to its end without a pause: for small inputs, tools and tests. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
