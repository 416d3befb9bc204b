import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../support/exchange.js';
import type { Instance } from '../support/fleet.js';
import { checkEnriched, checkProblem, checkSilent } from './findings.js';
import { DESTINATION } from './forwards.js';
import { count } from './mishaps.js';
import type { Soak } from './open.js';
import type { Payload, PayloadMaker } from './payloads.js';

/** How many posts there were, and how many of them ended with every alert looked up. */
export interface Books {
  posts: number;
  complete: number;
}

/** Share of alerts that were posted before: the duplicates of a For-each, and of callers who retry. */
const DUPLICATES = 0.5;
const REMEMBERED = 200;
/** A caller who has lost an instance asks another one soon. */
const AGAIN_MS = 200;
/** Nobody waits for a whole `Retry-After` of a minute where the end may come sooner. */
const LONGEST_WAIT_MS = 5_000;

const OPTIONS = ['', 'wait=5', 'wait=60', 'stats=true', 'mode=auto', 'mode=auto', 'mode=async'];
const FORWARDED = 0.3;

/** One caller: posts, and follows each post to its end, until nobody is to post any more. */
export async function call(
  soak: Soak,
  makePayload: PayloadMaker,
  books: Books,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const payload = makePayload(soak.random, () => alertId(soak.random));
    books.posts++;
    const option = OPTIONS[Math.floor(soak.random() * OPTIONS.length)] ?? '';
    const isForwarded = soak.random() < FORWARDED;
    await follow(soak, payload, `?${option}${isForwarded ? `&forward=${DESTINATION}` : ''}`);
    books.complete++;
  }
}

const known: string[] = [];
let lastId = 0;

function alertId(random: () => number): string {
  if (known.length > 0 && random() < DUPLICATES) return known[Math.floor(random() * known.length)] as string;
  const id = `da638700000000000000_${++lastId}`;
  known[known.length < REMEMBERED ? known.length : lastId % REMEMBERED] = id;
  return id;
}

/** Posts until every alert of a payload has been looked up, coming back when it is told to. */
async function follow(soak: Soak, payload: Payload, query: string): Promise<void> {
  for (;;) {
    const posted = await insist(soak, (instance) => instance.enrich(payload.text, query));
    const answer = posted.status === 202 ? await result(soak, posted) : posted;
    if (answer.status === 200) {
      checkEnriched(answer, payload, soak.findings);
      if (query.includes('forward=')) soak.books.enter(answer, payload.alertIds);
      if (answer.json.enrichment.status === 'complete') return;
      if (!answer.headers['retry-after']) soak.findings.add('a partial answer without Retry-After');
    } else {
      checkProblem(answer, soak.findings);
    }
    await wait(answer);
  }
}

/** Asks at the address of a 202 until there is an answer. */
async function result(soak: Soak, accepted: Answer): Promise<Answer> {
  const { pathname, search } = new URL(String(accepted.headers.location));
  let answer = accepted;
  while (answer.status === 202 || answer.status === 503) {
    await wait(answer);
    answer = await insist(soak, (instance) => instance.ask(`${pathname}${search}`));
  }
  return answer;
}

/** Asks one instance after the other until one answers. */
async function insist(soak: Soak, ask: (instance: Instance) => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      const answer = await ask(soak.anyone());
      count(soak.seen, `answered ${answer.status}`);
      checkSilent(JSON.stringify(answer.headers), 'a header', soak.findings);
      return answer;
    } catch {
      count(soak.seen, 'cut off by the end of an instance');
      await sleep(AGAIN_MS);
    }
  }
}

function wait({ headers }: Answer): Promise<void> {
  return sleep(Math.min(LONGEST_WAIT_MS, 1000 * Number(headers['retry-after'] ?? 1)));
}
