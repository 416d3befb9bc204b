import type { DefenderSimulator } from '../defender/simulator.js';
import type { Receiver } from '../receiver/receiver.js';
import type { Skip } from './time.js';

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

/** Asks and reads the answer. */
export async function ask(url: string, options: RequestInit = {}): Promise<Asked> {
  const startedMs = performance.now();
  const response = await fetch(url, options);
  const body = await response.json();
  const ms = Math.round(performance.now() - startedMs);
  return { status: response.status, headers: response.headers, ms, body };
}
