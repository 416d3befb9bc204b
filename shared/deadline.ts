import { setMaxListeners } from 'node:events';
import type { Clock } from './clock.js';

/** The moment by which something must have an answer. */
export interface Deadline {
  /** On the clock's monotonic reading, in milliseconds. */
  readonly atMs: number;
  /** Aborted at that moment, and when the work has ended: nothing that it began goes on unseen. */
  readonly signal: AbortSignal;
}

/** What is aborted after the work has ended; one for all, since without a reason each gets a stack trace. */
const OVER = new Error('The work has ended.');

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
  const work = new AbortController();
  setMaxListeners(0, work.signal); // thousands of lookups may wait on one deadline
  const follow = () => work.abort(parent?.reason);
  parent?.addEventListener('abort', follow, { once: true });
  clock.sleep(ms, work.signal).then(
    () => work.abort(reason()),
    () => {}, // it has ended before
  );
  try {
    return await run({ atMs: clock.monotonicMs() + ms, signal: work.signal });
  } finally {
    work.abort(OVER);
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
  return withDeadline(
    clock,
    ms,
    onTimeout,
    (deadline) => unlessAborted(run(deadline), deadline.signal),
    parent,
  );
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
