import { RequestError } from '../base/errors.js';

/**
 * The longest answer, in bytes. A choice: three times the largest post of the default settings, and far below
 * the 512 MB at which V8 can make no text any more. It is there for memory, not for callers.
 */
export const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** What an answer to a post of `postedLength` may come to: where large posts are allowed, twice the post. */
export function mostAnswerBytes(postedLength: number): number {
  return Math.max(MOST_ANSWER_BYTES, 2 * postedLength);
}

/**
 * Counts what an answer to a post of `postedLength` comes to, before it is put together.
 * @returns takes a number of bytes; throws {RequestError} `answer-too-large` when they become more than there
 *   may be
 */
export function byteBudget(postedLength: number): (bytes: number) => void {
  const most = mostAnswerBytes(postedLength);
  let left = most;
  return (bytes) => {
    left -= bytes;
    if (left < 0) throw answerTooLarge(most);
  };
}

/** An answer would come to more than `most` bytes. */
export function answerTooLarge(most: number): RequestError {
  return new RequestError(
    'answer-too-large',
    `The answer would be longer than ${Math.floor(most / (1024 * 1024))} MB, since its alerts have very many ` +
      'addresses or places. Post fewer alerts at a time, or ask for less: format=ips, or scope=public.',
  );
}
