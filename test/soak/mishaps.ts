import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet, Instance } from '../support/fleet.js';

/** What went wrong so far, by kind. */
export type Tally = Map<string, number>;

/** One thing that can happen to a call. */
type Mishap = (response: ServerResponse) => void;

const UPSTREAM: Readonly<Record<string, Mishap>> = {
  'upstream 500': (response) => response.writeHead(500).end(),
  'upstream 503, Retry-After: 1': (response) => response.writeHead(503, { 'retry-after': '1' }).end(),
  'upstream 429, Retry-After: 1': (response) => response.writeHead(429, { 'retry-after': '1' }).end(),
  'upstream resets': (response) => response.destroy(),
  'upstream hangs': () => {},
  'upstream stalls after the headers': (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"value":['),
  'upstream sends HTML': (response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>maintenance</html>'),
  'upstream cuts its JSON off': (response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"value":[{"id":"1.2'),
};

/** Shares of calls that go wrong. */
const UPSTREAM_SHARE = 0.1;
const IDENTITY_SHARE = 0.5;
const STORAGE_SHARE = 0.01;

/** Lets things go wrong at random, until it is called off. */
export function startMishaps(fleet: Fleet, random: () => number, tally: Tally): { stop(): void } {
  const count = (kind: string) => tally.set(kind, (tally.get(kind) ?? 0) + 1);
  const kinds = Object.keys(UPSTREAM);
  fleet.defender.intercept = (_request, response) => {
    if (random() >= UPSTREAM_SHARE) return false;
    const kind = kinds[Math.floor(random() * kinds.length)] ?? '';
    count(kind);
    UPSTREAM[kind]?.(response);
    return true;
  };
  fleet.identity.intercept = (_request, response) => {
    if (random() >= IDENTITY_SHARE) return false;
    count('identity endpoint 500');
    response.writeHead(500).end();
    return true;
  };
  fleet.onExchange = (stage) => {
    if (random() >= STORAGE_SHARE) return 'pass';
    count(stage === 'asked' ? 'storage never hears' : 'storage is never heard');
    return 'hold';
  };
  return {
    stop() {
      fleet.defender.intercept = undefined;
      fleet.identity.intercept = undefined;
      fleet.onExchange = () => 'pass';
    },
  };
}

/** Kills one instance after the other, and starts another in its place, `pauseMs` apart, until stopped. */
export async function killNowAndThen(
  fleet: Fleet,
  running: Instance[],
  pauseMs: number,
  { random, tally, signal }: { random: () => number; tally: Tally; signal: AbortSignal },
): Promise<void> {
  while (await sleep(pauseMs, true, { signal }).catch(() => false)) {
    // The first is never killed: its heap is what is watched.
    const at = 1 + Math.floor(random() * (running.length - 1));
    const victim = running[at];
    const kind = random() < 0.7 ? 'instance killed' : 'instance told to end';
    tally.set(kind, (tally.get(kind) ?? 0) + 1);
    if (kind === 'instance killed') await victim?.kill();
    else victim?.terminate();
    const [other] = await fleet.launch({});
    running[at] = other;
  }
}
