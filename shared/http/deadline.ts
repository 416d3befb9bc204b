import type { Clock } from '../clock.js';
import { type Deadline, withDeadline } from '../deadline.js';
import { DeadlineError } from '../errors.js';

/** Kept back from the caller's time for writing the answer and its way home. */
const ANSWER_MARGIN_MS = 250;

/** Runs what has to be answered within the seconds that a caller waits. */
export function answerWithin<T>(
  clock: Clock,
  waitSeconds: number,
  run: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const outOfTime = () => new DeadlineError(`There was no answer within the ${waitSeconds} s allowed.`);
  return withDeadline(clock, waitSeconds * 1000 - ANSWER_MARGIN_MS, outOfTime, run);
}
