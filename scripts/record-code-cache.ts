/**
 * Runs the bundle in a folder up to its first answers, between stand-ins, and writes beside it what V8 has
 * compiled by then, for the Node that runs this.
 *
 *     tsx scripts/record-code-cache.ts out/app/dist
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { startAzurite } from '../local/azurite.js';
import { startDefenderSimulator } from '../local/defender/simulator.js';
import { functionsCore } from '../local/host/core.js';
import { startHost } from '../local/host/host.js';
import { answerCoreModule } from '../local/host/load.js';
import { startIdentityEndpoint } from '../local/identity/endpoint.js';
import { forgetSettings } from '../local/settings.js';
import { systemClock as clock } from '../shared/base/clock.js';
import { createChunkLoader } from './loader/chunks.js';
import { codeCachePath, sealed } from './loader/code-cache.js';

const folder = resolve(process.argv[2] ?? 'out/app/dist');
await forgetSettings();
const audience = 'https://defender.test';
const identity = await startIdentityEndpoint({ clock });
const defender = await startDefenderSimulator({ clock, random: Math.random, audience });
const azurite = await startAzurite();
Object.assign(process.env, identity.settings, {
  DEFENDER_API_HOST: defender.url,
  DEFENDER_AUDIENCE: audience,
  AzureWebJobsStorage: azurite.connectionString,
});

answerCoreModule();
const { load, chunks } = createChunkLoader(folder);
const host = await startHost({
  registrations: await functionsCore.collect(() => load('app.cjs')),
  port: 0,
  hostJson: JSON.parse(await readFile(join(folder, '../host.json'), 'utf8')),
});
const response = await fetch(`${host.url}/api/enrichAlert`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    id: 'da637472900382838869_1',
    machineId: 'm',
    detectionSource: 'WindowsDefenderAtp',
  }),
});
if (!response.ok) throw new Error(`The bundle answered ${response.status}: ${await response.text()}`);

const path = codeCachePath(folder);
const cache = sealed(
  [...chunks].map(([name, { file, script }]) => ({ name, file, data: script.createCachedData() })),
);
await mkdir(dirname(path), { recursive: true });
await writeFile(path, cache);
console.log(`${path}: ${chunks.size} chunks, ${(cache.length / 1e6).toFixed(2)} MB, Node ${process.version}`);
await host.close();
await Promise.all([identity.close(), defender.close(), azurite.close()]);
