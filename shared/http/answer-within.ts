import type { Clock } from '../base/clock.js';
import { type Deadline, withDeadline } from '../base/deadline.js';
import { DeadlineError } from '../base/errors.js';

/** Kept back from the caller's time for writing the answer and its way home. */
const ANSWER_MARGIN_MS = 250;

/** What was slow may be well again by then. */
const COME_BACK_MS = 1_000;

/** Runs what has to be answered within the seconds that a caller waits. */
export function answerWithin<T>(
  clock: Clock,
  waitSeconds: number,
  run: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const outOfTime = () =>
    new DeadlineError(
      `There was no answer within the ${waitSeconds} s allowed. Ask again, or allow a longer wait.`,
      { retryAtMs: clock.monotonicMs() + COME_BACK_MS },
    );
  return withDeadline(clock, waitSeconds * 1000 - ANSWER_MARGIN_MS, outOfTime, run);
}

/**
 * For starting a job, or ordering a forward: usual is less than a second. What takes longer than the caller
 * waits is a 504, and the repeated post joins what the first one began.
 */
const SPARED_MS = 3_000;

/**
 * Runs the part of a request that has to leave time for something after it: a quarter of what the caller
 * waits, at most three seconds.
 */
export function withTimeToSpare<T>(
  clock: Clock,
  waitSeconds: number,
  deadline: Deadline,
  run: (sooner: Deadline) => Promise<T>,
): Promise<T> {
  const spareMs = Math.min(SPARED_MS, waitSeconds * 250);
  const leftMs = Math.max(0, deadline.atMs - clock.monotonicMs() - spareMs);
  const outOfTime = () => new DeadlineError('The rest of the time is for what comes after.');
  return withDeadline(clock, leftMs, outOfTime, run, deadline.signal);
}
