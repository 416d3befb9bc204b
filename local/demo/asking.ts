import type { DefenderSimulator } from '../defender/simulator.js';
import type { Receiver } from '../receiver/receiver.js';
import type { Skip } from './time.js';

/** One thing that the demo shows. */
export interface Step {
  readonly title: string;
  run(demo: Demo): Promise<void>;
}

/** What the steps work with. */
export interface Demo {
  readonly url: string;
  readonly defender: DefenderSimulator;
  readonly receiver: Receiver;
  readonly skip: Skip;
}

/** An answer, read. */
export interface Asked {
  readonly status: number;
  readonly ms: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the demo looks into answers as a caller would
  readonly body: any;
}

/** Between two questions, in real time. */
const POLL_MS = 100;
/** What comes to an end at all does so in a fraction of the minute that these take at least. */
const MOST_QUESTIONS = 600;

let failed = 0;

/** Prints whether something came true, and counts what did not. */
export function expectThat(what: string, isTrue: boolean): void {
  console.log(`  ${isTrue ? '✓' : '✗'} ${what}`);
  if (!isTrue) failed++;
}

/** Expectations that have not come true so far. */
export function failures(): number {
  return failed;
}

/** Posts a payload, as a caller does. */
export function post({ url }: Demo, payload: string, query = ''): Promise<Asked> {
  const headers = { 'content-type': 'application/json' };
  return ask(`${url}/api/enrichAlert${query}`, { method: 'POST', headers, body: payload });
}

/**
 * Asks until the answer is what is waited for.
 *
 * @param meanwhile done between two questions
 * @throws after a minute: then nobody works on it
 */
export async function askUntil(
  url: string,
  isIt: (answer: Asked) => boolean,
  meanwhile: (answer: Asked) => Promise<void> = async () => {},
): Promise<Asked> {
  for (let asked = 0; asked < MOST_QUESTIONS; asked++) {
    const answer = await ask(url);
    if (isIt(answer)) return answer;
    await meanwhile(answer);
    await pause(POLL_MS);
  }
  throw new Error(`${MOST_QUESTIONS} questions, and it is not done: no queue function seems to work on it.`);
}

/** In real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks and reads the answer. */
export async function ask(url: string, options: RequestInit = {}): Promise<Asked> {
  const startedMs = performance.now();
  const response = await fetch(url, options);
  const body = await response.json();
  const ms = Math.round(performance.now() - startedMs);
  return { status: response.status, headers: response.headers, ms, body };
}
