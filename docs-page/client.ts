/** Requests to this app. The key lives in the page's input only: not in storage, a cookie or an address. */
import { byId } from './dom.js';

/** Where the routes are: this file is served below `docs/`, one level deeper. */
const ROUTES = new URL('..', (document.currentScript as HTMLScriptElement).src);

/** The same without the slash at the end, for commands that people copy. */
export const BASE = ROUTES.href.replace(/\/$/, '');

/** An answer of the app that is not what was asked for, in words for the reader. */
export class Refusal extends Error {}

/**
 * Sends a request with the function key.
 * @param path below the route prefix, with its query
 * @throws {Refusal} when the app cannot be reached or does not take the key
 */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const key = byId<HTMLInputElement>('key').value.trim();
  const headers = new Headers(init.headers);
  if (key !== '') headers.set('x-functions-key', key);
  let answer: Response;
  try {
    answer = await fetch(new URL(path, ROUTES), {
      ...init,
      headers,
      credentials: 'omit',
      cache: 'no-store',
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Refusal('The app cannot be reached from here. Check the connection and try again.');
  }
  if (answer.status === 401 && !isProblem(answer)) {
    throw new Refusal(
      key === ''
        ? 'Enter a function key first. It is in the portal under Function App, App keys.'
        : 'That is not a key of this app. The keys are in the portal under Function App, App keys.',
    );
  }
  return answer;
}

/** What went wrong, in sentences, and when to try again. */
export async function reasonOf(answer: Response): Promise<string> {
  const problem = isProblem(answer) ? await answer.json().catch(() => undefined) : undefined;
  const retryAfter = answer.headers.get('retry-after');
  const again = retryAfter ? ` Try again in ${retryAfter} seconds.` : '';
  if (!problem?.detail) return `The app answered with status ${answer.status}.${again}`;
  const request = problem.requestId ? ` (request ${problem.requestId})` : '';
  return `${problem.title}. ${problem.detail}${again}${request}`;
}

function isProblem(answer: Response): boolean {
  return (answer.headers.get('content-type') ?? '').startsWith('application/problem+json');
}
