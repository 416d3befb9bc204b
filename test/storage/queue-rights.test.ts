import http from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { StoringApp } from '../../functions/background.js';
import { type Listening, listen } from '../../functions/listen.js';
import { closeServer, listen as listenOn } from '../../local/loopback.js';
import type { ReadableQueue } from '../../shared/storage/queue-store.js';
import { freshAlertIds } from '../support/alert-ids.js';
import { answerOf, logged, pathOf } from '../support/polling.js';
import { storedWorlds } from '../support/stored-world.js';
import { VirtualClock } from '../support/virtual-clock.js';

const stored = storedWorlds();
const agent = new http.Agent({ keepAlive: true });
afterEach(() => agent.destroy());

/** Between the app and the queues of its account: answers with a status, hangs up, or passes on. */
let verdict: (request: string) => number | 'hang up' | 'pass';
let requests: string[];
let queues: http.Server;
let connectionString: string;
beforeEach(async () => {
  requests = [];
  const real = /QueueEndpoint=(http:\/\/[^/;]+)/.exec(stored.azurite.connectionString)?.[1] ?? '';
  queues = http.createServer((request, response) => {
    const { method, url = '', headers } = request;
    requests.push(`${method} ${url}`);
    const said = verdict(`${method} ${url}`);
    if (said === 'hang up') return void request.socket.destroy();
    if (said !== 'pass') return void response.writeHead(said, { 'content-length': 0 }).end();
    const forwarded = http.request(`${real}${url}`, { method, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  });
  connectionString = stored.azurite.connectionString.replace(real, await listenOn(queues, 0));
});
afterEach(() => closeServer(queues));

const start = () => stored.start({ settings: { AzureWebJobsStorage: connectionString } });
const isListening = (world: Awaited<ReturnType<typeof start>>) =>
  world.registrations.functions.has('jobWorker');

describe('a queue that would end the host', () => {
  test.each([
    ['403 (no role, a closed firewall, a rotated key)', 403],
    ['400', 400],
    ['a connection that breaks', 'hang up'],
  ] as const)(
    '%s: it is not listened to, the endpoints and the doctor are there, and operators are told',
    async (_name, said) => {
      verdict = () => said;
      const world = await start();
      expect(isListening(world)).toBe(false);
      expect((await world.get('/api/health')).status).toBe(200);
      const { status, text } = await world.get('/api/doctor');
      expect(status).toBe(200);
      if (said === 403) expect(text).toContain('Storage Queue Data Contributor');
      await logged(world.logs, 'queues-not-listened', 'restart the function app');
    },
  );

  test('once the storage is well, this instance works on what waits there by itself', async () => {
    let isWell = false;
    // Only the look at the start is refused: what follows is 30 s later.
    verdict = (request) => (!isWell && request.includes('comp=metadata') ? 403 : 'pass');
    const world = await start();
    expect(isListening(world)).toBe(false);
    isWell = true;
    const accepted = await world.enrich({ alertIds: freshAlertIds(2) }, '?mode=async');
    expect(accepted.status).toBe(202);
    expect((await answerOf(world.get, pathOf(accepted))).status).toBe(200);
  });
});

test.each([503, 500] as const)(
  'a storage that answers %s does not end the host, which listens',
  async (said) => {
    verdict = () => said;
    expect(isListening(await start())).toBe(true);
  },
);

test('the look costs the start one request', async () => {
  verdict = () => 'pass';
  const world = await start();
  expect(isListening(world)).toBe(true);
  const [first] = requests;
  expect(first).toMatch(/^GET .*comp=metadata/);
  expect(requests.filter((request) => request.includes('comp=metadata'))).toHaveLength(1);
});

describe('listening without the host', () => {
  /** Runs a listener over messages until nothing is left to do; what was done. */
  async function run(
    take: (nth: number) => number | Error | undefined,
    handler: () => Promise<void>,
    forMs: number,
  ) {
    const clock = new VirtualClock();
    const done: string[] = [];
    let takes = 0;
    const note = (what: string) => async () =>
      void done.push(`${Math.round(clock.monotonicMs() / 1000)} s: ${what}`);
    const queue: ReadableQueue = {
      send: note('sent'),
      count: async () => 0,
      take: async () => {
        const taken = take(++takes);
        if (taken instanceof Error) throw taken;
        if (taken === undefined) return undefined;
        return {
          text: 'text',
          taken,
          remove: note('removed'),
          giveBack: (ms) => note(`back in ${ms / 1000} s`)(),
        };
      },
    };
    const ended = new AbortController();
    const listening: Listening = { queue, poison: { ...queue, send: note('poison') }, handler };
    const running = listen({ clock } as unknown as StoringApp, listening, console, ended.signal);
    await clock.pass(forMs);
    ended.abort();
    await clock.until(running);
    return { done, takes };
  }

  test('a storage that is away is asked every 30 s, and a message is removed when it is done', async () => {
    const { done } = await run(
      (nth) => (nth < 4 ? new Error('away') : nth === 4 ? 1 : undefined),
      async () => {},
      100_000,
    );
    expect(done).toEqual(['90 s: removed']);
  });

  test('a message that fails is given back for 30 s, and after five times it goes to the poison queue', async () => {
    const fail = () => Promise.reject(new Error('broken'));
    const { done } = await run(
      (nth) => (nth === 1 ? 4 : nth === 2 ? 5 : nth === 3 ? 6 : undefined),
      fail,
      1_000,
    );
    expect(done).toEqual(['0 s: back in 30 s', '0 s: poison', '0 s: removed', '0 s: poison', '0 s: removed']);
  });

  test('an empty queue is looked at every two seconds', async () => {
    expect(
      (
        await run(
          () => undefined,
          async () => {},
          59_000,
        )
      ).takes,
    ).toBe(30);
  });
});
