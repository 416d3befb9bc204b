import { readFile } from 'node:fs/promises';
import { app } from '@azure/functions';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { functionsCore } from '../../local/host/core.js';
import { startHost } from '../../local/host/host.js';
import { invoke } from '../../local/host/invoke.js';
import { storageQueues } from '../../local/host/storage-queues.js';
import { createApp } from '../../shared/app/app.js';
import { systemClock } from '../../shared/base/clock.js';
import { registerApp } from '../support/register-app.js';
import { loadStorageLibraries } from '../support/storage-libraries.js';

app.setup({ enableHttpStream: true });

let azurite: Azurite;
beforeAll(async () => {
  await loadStorageLibraries();
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

const world = { clock: systemClock, random: Math.random, report: () => {} };
const register = (env: Record<string, string>) =>
  functionsCore.collect(() => registerApp(createApp(env, world)));

test('the timer is registered where state is stored, and nowhere else', async () => {
  const stored = await register({ AzureWebJobsStorage: azurite.connectionString });
  expect(Object.values(stored.functions.get('sweep')?.metadata.bindings ?? {})).toEqual([
    expect.objectContaining({ type: 'timerTrigger', schedule: '0 17 3 * * *' }),
  ]);
  for (const env of [{ STATE_STORAGE: 'memory' }, { STATE_STORAGE: 'NOWHERE' }]) {
    expect((await register(env)).functions.has('sweep')).toBe(false);
  }
});

test('the local host takes it, and it says what it did', async () => {
  const env = {
    AzureWebJobsStorage: azurite.connectionString,
    IPS_CACHE_SECONDS: '0',
    NOT_FOUND_CACHE_SECONDS: '0',
  };
  const registrations = await register(env);
  const host = await startHost({
    registrations,
    port: 0,
    hostJson: JSON.parse(await readFile('host.json', 'utf8')),
    queues: storageQueues(env),
  });
  const registered = registrations.functions.get('sweep');
  const model = registrations.core.worker?.model;
  if (!registered || !model) throw new Error('the timer is not registered');
  const messages: string[] = [];
  const timer = { schedule: {}, isPastDue: false };
  await invoke({
    model,
    registrations,
    registered,
    log: ({ message }) => messages.push(message),
    request: {
      invocationId: 'timer-1',
      inputData: Object.keys(registered.metadata.bindings).map((name) => ({
        name,
        data: { json: JSON.stringify(timer) },
      })),
      triggerMetadata: {},
      traceContext: { traceParent: '', traceState: '' },
    },
  }).result;
  await host.close(0);
  expect(
    messages.filter((message) => message.includes('swept')).map((message) => JSON.parse(message)),
  ).toEqual([{ event: 'swept', seen: 0, deleted: 0, finished: true }]);
});
