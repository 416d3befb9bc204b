import { readFile } from 'node:fs/promises';
import { app } from '@azure/functions';
import { afterEach, expect, test } from '@jest/globals';
import { type Load, registerFunctions } from '../../functions/register.js';
import { run } from '../../functions/running.js';
import { functionsCore } from '../../local/host/core.js';
import type { LogEntry } from '../../local/host/core-api.js';
import { type RunningHost, startHost } from '../../local/host/host.js';
import { createApp } from '../../shared/app/app.js';
import { parseSettings } from '../../shared/app/settings.js';
import { checkAnswer } from '../support/conformance.js';
import { exchange } from '../support/exchange.js';

app.setup({ enableHttpStream: true });

const env = { STATE_STORAGE: 'memory' };
let host: RunningHost | undefined;
const logs: LogEntry[] = [];
afterEach(async () => {
  await host?.close();
  host = undefined;
  logs.length = 0;
});

/** The app's functions, whose code is loaded by `load`; sends a request to one of them. */
async function startLoading(load: Load) {
  const registrations = await functionsCore.collect(() => registerFunctions(parseSettings(env), load));
  const hostJson = JSON.parse(await readFile('host.json', 'utf8'));
  const running = await startHost({ registrations, port: 0, hostJson, log: (entry) => logs.push(entry) });
  host = running;
  return async (method: string, path: string, headers = {}) => {
    const answer = await exchange(`${running.url}${path}`, { method, headers }, undefined);
    checkAnswer(method, path, answer);
    return answer;
  };
}

test('requests that come before the code is loaded wait for it, and it is loaded once for all of them', async () => {
  const begun: (() => void)[] = [];
  let isLoaded = () => {};
  const send = await startLoading(async () => {
    for (const tell of begun) tell();
    loads += 1;
    await new Promise<void>((resolve) => {
      isLoaded = resolve;
    });
    return run(createApp(env));
  });
  let loads = 0;
  const asked = new Promise<void>((resolve) => begun.push(resolve));
  const answers = Promise.all(Array.from({ length: 20 }, () => send('GET', '/api/health')));
  await asked;
  isLoaded();
  expect((await answers).map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect((await send('GET', '/api/health')).status).toBe(200);
  expect(loads).toBe(1);
});

test('code that cannot be loaded is answered with 503 and tried again by the next request', async () => {
  let failures = 2;
  const send = await startLoading(async () => {
    if (failures-- > 0) throw Object.assign(new Error('canary-path-of-the-disk'), { code: 'EIO' });
    return run(createApp(env));
  });
  const refused = await send('GET', '/api/health', { 'x-ms-client-request-id': 'run-1' });
  expect(refused).toMatchObject({
    status: 503,
    headers: {
      'content-type': 'application/problem+json',
      'retry-after': '5',
      'x-ms-client-request-id': 'run-1',
    },
  });
  expect(JSON.parse(refused.text)).toMatchObject({ type: expect.stringMatching(/app-not-loaded$/) });
  const inUpstreamForm = await send('GET', '/api/alerts/da637472900382838869_1/ips');
  expect(inUpstreamForm.status).toBe(503);
  expect(JSON.parse(inUpstreamForm.text)).toMatchObject({ error: { code: 'InternalServerError' } });
  expect((await send('GET', '/api/health')).status).toBe(200);
  const logged = logs.map(({ message }) => message).join('\n');
  expect(logged).toContain('"event":"app-not-loaded"');
  expect(logged + refused.text).not.toContain('canary');
});
