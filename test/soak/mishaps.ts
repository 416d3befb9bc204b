import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Soak } from './open.js';

/** How often something was, by kind. */
export type Tally = Map<string, number>;

/** One more of a kind. */
export function count(tally: Tally, kind: string): void {
  tally.set(kind, (tally.get(kind) ?? 0) + 1);
}

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
export function startMishaps({ fleet, random, mishaps }: Soak): { stop(): void } {
  const kinds = Object.keys(UPSTREAM);
  fleet.defender.intercept = (_request, response) => {
    if (random() >= UPSTREAM_SHARE) return false;
    const kind = kinds[Math.floor(random() * kinds.length)] ?? '';
    count(mishaps, kind);
    UPSTREAM[kind]?.(response);
    return true;
  };
  fleet.identity.intercept = (_request, response) => {
    if (random() >= IDENTITY_SHARE) return false;
    count(mishaps, 'identity endpoint 500');
    response.writeHead(500).end();
    return true;
  };
  fleet.onExchange = (stage) => {
    if (random() >= STORAGE_SHARE) return 'pass';
    count(mishaps, stage === 'asked' ? 'storage never hears' : 'storage is never heard');
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

/** Ends one instance after the other, `pauseMs` apart, until stopped. */
export async function killNowAndThen(soak: Soak, pauseMs: number, signal: AbortSignal): Promise<void> {
  const { random, running } = soak;
  while (await sleep(pauseMs, true, { signal }).catch(() => false)) {
    // The first is never ended: its heap is what is watched.
    const at = 1 + Math.floor(random() * (running.length - 1));
    await soak.replace(at, random() < 0.7 ? 'killed' : 'told to end');
  }
}
