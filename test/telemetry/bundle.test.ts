import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { type DefenderSimulator, startDefenderSimulator } from '../../local/defender/simulator.js';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { type IngestionEndpoint, startIngestionEndpoint } from '../../local/ingestion/endpoint.js';
import { systemClock as clock } from '../../shared/clock.js';
import { exchange } from '../support/exchange.js';
import type { Reply } from '../support/instance/orders.js';

const AUDIENCE = 'https://defender-bundle.test';
const MAIN = fileURLToPath(new URL('../support/instance/main.ts', import.meta.url));

let folder: string;
let identity: IdentityEndpoint;
let defender: DefenderSimulator;
let ingestion: IngestionEndpoint;
beforeAll(async () => {
  // Far from any node_modules, as it is on Azure.
  folder = await mkdtemp(join(tmpdir(), 'bundled-app-'));
  await promisify(execFile)(process.execPath, ['scripts/build.mjs', join(folder, 'dist')]);
  await writeFile(join(folder, 'package.json'), '{"type":"module","main":"dist/index.js"}');
  const chunks = (await readdir(join(folder, 'dist'))).filter((name) => /^client-.*\.cjs$/.test(name));
  expect(chunks).toHaveLength(1);
  const chunk = join(folder, 'dist', chunks[0] ?? '');
  await writeFile(chunk, `${await readFile(chunk, 'utf8')}\nprocess.send("loaded");\n`);
  identity = await startIdentityEndpoint({ clock });
  defender = await startDefenderSimulator({ clock, random: Math.random, audience: AUDIENCE });
  ingestion = await startIngestionEndpoint({ clock });
});
afterAll(async () => {
  await Promise.all([identity.close(), defender.close(), ingestion.close()]);
  await rm(folder, { recursive: true });
});

let child: ChildProcess;
afterEach(() => void child.kill('SIGKILL'));

/** Runs the bundle as a process of its own; `told` is what it said over its channel. */
async function start(settings: Readonly<Record<string, string>>) {
  child = fork(MAIN, [folder], {
    env: {
      PATH: process.env.PATH,
      ...identity.settings,
      DEFENDER_API_HOST: defender.url,
      DEFENDER_AUDIENCE: AUDIENCE,
      STATE_STORAGE: 'memory',
      ...settings,
    },
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const written = Promise.all([child.stdout, child.stderr].map((stream) => (stream ? text(stream) : '')));
  const [{ url }] = (await once(child, 'message')) as [Reply & { kind: 'started' }];
  const told: unknown[] = [];
  child.on('message', (message) => told.push(message));
  return {
    told,
    enrich: () =>
      exchange(
        `${url}/api/enrichAlert`,
        { method: 'POST', headers: { 'content-type': 'application/json' } },
        JSON.stringify({ alertId: KNOWN_ALERT }),
      ),
    /** Ends it as the platform does; what it wrote to its console beside its log. */
    async end() {
      child.kill('SIGTERM');
      await once(child, 'exit');
      return (await written).join('').replace(/^\{"level":.*\n/gm, '');
    },
  };
}

test('without telemetry its chunk is never loaded', async () => {
  const app = await start({});
  expect((await app.enrich()).status).toBe(200);
  expect(await app.end()).toBe('');
  expect(app.told).toEqual([]);
});

test('with telemetry the chunk is loaded after the first answer, and what was before is sent', async () => {
  const app = await start(ingestion.settings);
  const loaded = once(child, 'message');
  let toldBefore: unknown[] | undefined;
  defender.intercept = () => {
    toldBefore = [...app.told];
    return false;
  };
  expect((await app.enrich()).status).toBe(200);
  expect(toldBefore).toEqual([]);
  expect(await loaded).toEqual(['loaded', undefined]);
  expect(await app.end()).toBe('');
  const names = ingestion.items.map(({ data }) => data.baseData.metrics?.[0]?.name ?? data.baseData.name);
  expect(names).toEqual(expect.arrayContaining(['GET /api/alerts/{id}/ips', 'enrichment.lookups']));
  expect(new Set(ingestion.requests.map(({ path }) => path))).toEqual(new Set(['/v2.1/track']));
});

test.each([
  ['refuses', 'http://127.0.0.1:9/'],
  ['hangs', undefined],
])('an ingestion endpoint that %s: it ends when it is told to, and writes nothing', async (_how, url) => {
  ingestion.intercept = () => true;
  const connection = ingestion.settings.APPLICATIONINSIGHTS_CONNECTION_STRING;
  const app = await start({
    APPLICATIONINSIGHTS_CONNECTION_STRING: url ? connection.replaceAll(`${ingestion.url}/`, url) : connection,
  });
  expect((await app.enrich()).status).toBe(200);
  expect(await app.end()).toBe('');
  expect(child.exitCode).toBe(0);
});
