import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { Answer } from './exchange.js';

/** Between two looks, in real time. They grow apart, so that looking takes no time from what is looked for. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;
/** A bit less than a test has: it fails with what it looked for, and does not go on beside the next ones. */
const GIVE_UP_MS = 170_000;

/** Notes what a look has seen, for the error of one that is in vain, and returns it. */
type See = <V>(seen: V) => V;

/**
 * Looks again and again until there is something.
 * @param look is given `see`, to note what it has seen that is not yet what it looks for
 * @throws when there never is: with what was seen last
 */
export async function eventually<T>(look: (see: See) => T | undefined | Promise<T | undefined>): Promise<T> {
  const beganAtMs = performance.now();
  let last = `nothing that it noted: ${look}`;
  const see: See = (seen) => {
    last = described(seen);
    return seen;
  };
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, 1.5 * pauseMs)) {
    const found = await look(see);
    if (found !== undefined) return found;
    const lastedMs = performance.now() - beganAtMs;
    if (lastedMs > GIVE_UP_MS) {
      throw new Error(`Looked in vain for ${Math.round(lastedMs / 1_000)} s. Last seen: ${last}`);
    }
    await sleep(pauseMs);
  }
}

/** A line or two of what a test has seen; of an answer its status and the start of its text. */
function described(seen: unknown): string {
  const { status, text } = (seen ?? {}) as Partial<Answer>;
  const shown = text === undefined ? inspect(seen, { breakLength: 110 }) : `${status} ${text}`;
  return shown.slice(0, 1_000);
}

/**
 * Asks again until the answer is no 503, as any caller does: a busy machine can take longer for an operation
 * on its storage than the app waits for one.
 */
export function insist(ask: () => Promise<Answer>): Promise<Answer> {
  return eventually(async (see) => {
    const answer = see(await ask());
    return answer.status === 503 ? undefined : answer;
  });
}

/** A line of a log that has all those words in it, as soon as there is one. */
export function logged(logs: readonly { readonly message: string }[], ...words: string[]): Promise<string> {
  return eventually((see) => {
    see(
      `no line with ${words.join(', ')}; the last ones: ${logs
        .slice(-3)
        .map(({ message }) => message)
        .join('\n')}`,
    );
    return logs.find(({ message }) => words.every((word) => message.includes(word)))?.message;
  });
}

/** Makes a GET of a path. */
export type Ask = (path: string) => Promise<Answer>;

/** What a delivery has become, once it is no longer queued. */
export function endOfDelivery(ask: Ask, id: string): Promise<Answer> {
  return eventually(async (see) => {
    const answer = see(await insist(() => ask(`/api/deliveries/${id}`)));
    if (answer.status !== 200) throw new Error(`There is no delivery: ${answer.text}`);
    return answer.json.delivery.status === 'queued' ? undefined : answer;
  });
}

/** The path that a 202 names. */
export function pathOf({ headers, status, text }: Answer): string {
  if (typeof headers.location !== 'string') throw new Error(`A ${status} without a location: ${text}`);
  const url = new URL(headers.location);
  return url.pathname + url.search;
}

/** What a job has come to, once it is over; asked as any caller asks, after a 503 as well (see `insist`). */
export function answerOf(ask: Ask, path: string): Promise<Answer> {
  return eventually(async (see) => {
    const answer = see(await ask(path));
    return answer.status === 202 || answer.status === 503 ? undefined : answer;
  });
}
