import { type Ask, eventually } from '../support/eventually.js';
import type { Answer } from '../support/exchange.js';

/** The path that a 202 names. */
export function pathOf({ headers, status, text }: Answer): string {
  if (typeof headers.location !== 'string') throw new Error(`A ${status} without a location: ${text}`);
  const url = new URL(headers.location);
  return url.pathname + url.search;
}

/** Asks until there is an answer; as any caller, after a 503 as well (see `insist`). */
export function answerOf(ask: Ask, path: string): Promise<Answer> {
  return eventually(async () => {
    const answer = await ask(path);
    return answer.status === 202 || answer.status === 503 ? undefined : answer;
  });
}
