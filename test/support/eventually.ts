import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './exchange.js';

/** Between two looks, in real time. They grow apart, so that looking takes no time from what is looked for. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;
/** A bit less than a test has: it fails with what it looked for, and does not go on beside the next ones. */
const GIVE_UP_MS = 170_000;

/**
 * Looks again and again until there is something.
 * @throws when there never is
 */
export async function eventually<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const giveUpAtMs = performance.now() + GIVE_UP_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, 1.5 * pauseMs)) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > giveUpAtMs) throw new Error(`Looked for in vain: ${look}`);
    await sleep(pauseMs);
  }
}

/**
 * Asks again until the answer is no 503, as any caller does: a busy machine can take longer for an operation
 * on its storage than the app waits for one.
 */
export function insist(ask: () => Promise<Answer>): Promise<Answer> {
  return eventually(async () => {
    const answer = await ask();
    return answer.status === 503 ? undefined : answer;
  });
}

/** A line of a log that has all those words in it, as soon as there is one. */
export function logged(logs: readonly { readonly message: string }[], ...words: string[]): Promise<string> {
  return eventually(() => logs.find(({ message }) => words.every((word) => message.includes(word)))?.message);
}

/** Makes a GET of a path. */
export type Ask = (path: string) => Promise<Answer>;

/** What a delivery has become, once it is no longer queued. */
export function endOfDelivery(ask: Ask, id: string): Promise<Answer> {
  return eventually(async () => {
    const answer = await insist(() => ask(`/api/deliveries/${id}`));
    if (answer.status !== 200) throw new Error(`There is no delivery: ${answer.text}`);
    return answer.json.delivery.status === 'queued' ? undefined : answer;
  });
}
