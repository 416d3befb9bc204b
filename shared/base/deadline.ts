import { setMaxListeners } from 'node:events';
import type { Clock } from './clock.js';

/** The moment by which something must have an answer. */
export interface Deadline {
  /** On the clock's monotonic reading, in milliseconds. */
  readonly atMs: number;
  /** Aborted at that moment, and when the work has ended: nothing that it began goes on unseen. */
  readonly signal: AbortSignal;
  /**
   * `work`'s result, or the reason of the signal as soon as the time is over. The work itself goes on; should
   * it fail after that, nobody is told.
   */
  unlessOver<T>(work: Promise<T>): Promise<T>;
}

/** What is aborted after the work has ended; one for all, since without a reason each gets a stack trace. */
const OVER = new Error('The work has ended.');

/**
 * Makes its signal when it is first asked for: a cached answer needs none, and it would cost a twentieth of
 * it.
 */
class TimeLimit implements Deadline {
  readonly atMs: number;
  #reason: Error | undefined;
  #controller: AbortController | undefined;
  readonly #leave = new Set<(reason: Error) => void>();

  constructor(atMs: number) {
    this.atMs = atMs;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal); // thousands of lookups may wait on one deadline
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  unlessOver<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#reason) reject(this.#reason);
      else this.#leave.add(reject);
      const stay = () => this.#leave.delete(reject);
      work.then(
        (result) => {
          stay();
          resolve(result);
        },
        (error) => {
          stay();
          reject(error);
        },
      );
    });
  }

  end(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    for (const leave of this.#leave) leave(reason);
    this.#leave.clear();
  }
}

/**
 * Runs `run` with a deadline that is `ms` milliseconds away. It is for `run` to heed it; what it
 * began and left is told to stop when it ends.
 *
 * @param reason what the signal is aborted with
 * @param parent a signal that ends the time early
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  reason: () => Error,
  run: (deadline: Deadline) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  parent?.throwIfAborted();
  const limit = new TimeLimit(clock.monotonicMs() + ms);
  const follow = () => limit.end(parent?.reason);
  parent?.addEventListener('abort', follow, { once: true });
  const off = clock.alarm(ms, () => limit.end(reason()));
  try {
    return await run(limit);
  } finally {
    off();
    limit.end(OVER);
    parent?.removeEventListener('abort', follow);
  }
}

/** The same for work that may not heed its deadline: a library that hangs cannot hold its caller. */
export function runWithin<T>(
  clock: Clock,
  ms: number,
  onTimeout: () => Error,
  run: (deadline: Deadline) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  return withDeadline(clock, ms, onTimeout, (deadline) => deadline.unlessOver(run(deadline)), parent);
}

/**
 * `work`'s result, or the signal's reason as soon as it is aborted. The work itself goes on; should
 * it fail after that, nobody is told.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
