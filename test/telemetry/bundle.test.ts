import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { type DefenderSimulator, startDefenderSimulator } from '../../local/defender/simulator.js';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { type IngestionEndpoint, startIngestionEndpoint } from '../../local/ingestion/endpoint.js';
import { systemClock as clock } from '../../shared/base/clock.js';
import { type InstanceProcess, startInstance } from '../support/instance/start.js';
import { eventually } from '../support/polling.js';

const AUDIENCE = 'https://defender-bundle.test';

let folder: string;
let identity: IdentityEndpoint;
let defender: DefenderSimulator;
let ingestion: IngestionEndpoint;
beforeAll(async () => {
  // Far from any node_modules, as it is on Azure.
  folder = await mkdtemp(join(tmpdir(), 'bundled-app-'));
  await promisify(execFile)(process.execPath, ['scripts/build.mjs', join(folder, 'dist')]);
  await writeFile(join(folder, 'package.json'), '{"type":"module","main":"dist/index.js"}');
  const chunks = (await readdir(join(folder, 'dist'))).filter((name) => /^exporter-.*\.cjs$/.test(name));
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

let app: InstanceProcess;
afterEach(() => app.kill());

/** Runs the bundle as a process of its own; `told` is what it said over its channel. */
async function start(settings: Readonly<Record<string, string>>): Promise<{ readonly told: unknown[] }> {
  const env = {
    ...identity.settings,
    DEFENDER_API_HOST: defender.url,
    DEFENDER_AUDIENCE: AUDIENCE,
    STATE_STORAGE: 'memory',
    ...settings,
  };
  app = startInstance(env, { folder });
  await app.started;
  const told: unknown[] = [];
  app.child.on('message', (message) => told.push(message));
  return { told };
}

async function enrich(): Promise<void> {
  expect((await app.enrich({ alertId: KNOWN_ALERT })).status).toBe(200);
}

/** Ends it as the platform does: it does so by itself, and wrote nothing beside its log. */
async function expectQuietEnd(): Promise<void> {
  app.terminate();
  expect((await app.written).replace(/^\{"level":.*\n/gm, '')).toBe('');
  await eventually(() => app.child.exitCode ?? undefined);
  expect(app.child.exitCode).toBe(0);
}

test('without telemetry its chunk is never loaded', async () => {
  const { told } = await start({});
  await enrich();
  await expectQuietEnd();
  expect(told).toEqual([]);
});

test('with telemetry the chunk is loaded after the first answer, and what was before is sent', async () => {
  const { told } = await start(ingestion.settings);
  let toldBefore: unknown[] | undefined;
  defender.intercept = () => {
    toldBefore = [...told];
    return false;
  };
  await enrich();
  expect(toldBefore).toEqual([]);
  await eventually(() => told.length > 0 || undefined);
  expect(told).toEqual(['loaded']);
  await expectQuietEnd();
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
  await start({
    APPLICATIONINSIGHTS_CONNECTION_STRING: url ? connection.replaceAll(`${ingestion.url}/`, url) : connection,
  });
  await enrich();
  await expectQuietEnd();
});
