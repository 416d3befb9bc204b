import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type DefenderSimulator, startDefenderSimulator } from '../../local/defender/simulator.js';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { sendJson } from '../../local/loopback.js';
import { type App, createApp } from '../../shared/app/app.js';
import { warmUp } from '../../shared/app/warm-up.js';
import { systemClock as clock } from '../../shared/base/clock.js';
import { forgetIdentityEndpoint } from '../support/identity-library.js';

/** One for each test: the identity library keeps its tokens for the whole process. */
let audience: string;
let worlds = 0;
let identity: IdentityEndpoint;
let defender: DefenderSimulator;

beforeEach(async () => {
  audience = `https://defender-warm-up-${++worlds}.test`;
  identity = await startIdentityEndpoint({ clock });
  defender = await startDefenderSimulator({ clock, random: Math.random, audience });
  Object.assign(process.env, identity.settings);
  forgetIdentityEndpoint();
});
afterEach(() => Promise.all([identity.close(), defender.close()]));

function start(settings: Readonly<Record<string, string>>): App {
  const env = {
    ...identity.settings,
    DEFENDER_API_HOST: defender.url,
    DEFENDER_AUDIENCE: audience,
    ...settings,
  };
  const startup = createApp(env);
  if (!startup.ok) throw new Error('wrong settings');
  return startup.app;
}

test('the token is there before the first request; nothing is asked of Defender, and no permit is spent', async () => {
  const app = start({ STATE_STORAGE: 'memory' });
  await warmUp(app);
  expect(identity.requests).toHaveLength(1);
  expect(defender.arrivals).toHaveLength(0);
  expect(app.quota.view().minute).toEqual({ limit: 100, remaining: 100 });
  await app.ownToken(`${audience}/.default`, new AbortController().signal);
  expect(identity.requests).toHaveLength(1);
});

test('an identity endpoint that refuses and a storage account that is not there are left to the first request', async () => {
  identity.intercept = (_request, response) => {
    sendJson(response, 400, { statusCode: 400, message: 'no identity' });
    return true;
  };
  const nowhere =
    'AccountName=nobody;AccountKey=bm90aGluZw==;BlobEndpoint=http://127.0.0.1:1/nobody;QueueEndpoint=http://127.0.0.1:1/nobody';
  const app = start({ AzureWebJobsStorage: nowhere });
  await expect(warmUp(app)).resolves.toBeUndefined();
  await expect(app.ownToken(`${audience}/.default`, new AbortController().signal)).rejects.toMatchObject({
    kind: 'identity-refused',
  });
});
