import type { Answer } from '../support/exchange.js';

/** Makes a GET of a path. */
type Ask = (path: string) => Promise<Answer>;

/** Between two questions, in real time: as a Logic App asks again after `Retry-After`, only sooner. */
const POLL_MS = 50;

/** The path that a 202 names. */
export function pathOf({ headers }: Answer): string {
  const url = new URL(String(headers.location));
  return url.pathname + url.search;
}

/**
 * Asks until there is an answer. As any caller it comes back after a 503 as well: a busy machine can take
 * longer for an operation on its storage than the app waits for one.
 */
export async function answerOf(ask: Ask, path: string): Promise<Answer> {
  for (;;) {
    const answer = await ask(path);
    if (answer.status !== 202 && answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
