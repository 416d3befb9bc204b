import { afterEach, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import type { Settings } from '../../local/settings.js';
import { type StandIns, startStandIns } from '../../local/stand-ins.js';
import { systemClock } from '../../shared/base/clock.js';

let standIns: StandIns;

afterEach(() => standIns.close());

async function start(settings: Settings): Promise<StandIns> {
  standIns = await startStandIns(settings, systemClock);
  return standIns;
}

/** Asks for a token as the app would, and with it for an alert. */
async function callThrough({ settings }: StandIns, audience: string): Promise<number> {
  const { IDENTITY_ENDPOINT = '', IDENTITY_HEADER = '', DEFENDER_API_HOST = '' } = settings;
  const query = new URLSearchParams({ 'api-version': '2019-08-01', resource: audience });
  const identity = await fetch(`${IDENTITY_ENDPOINT}?${query}`, {
    headers: { 'X-IDENTITY-HEADER': IDENTITY_HEADER },
  });
  const { access_token } = (await identity.json()) as { access_token: string };
  const answer = await fetch(`${DEFENDER_API_HOST}/api/alerts/${KNOWN_ALERT}/ips`, {
    headers: { Authorization: `Bearer ${access_token}` },
  });
  return answer.status;
}

test.each([
  [{ STATE_STORAGE: 'memory' }, 'https://api.securitycenter.microsoft.com'],
  [{ STATE_STORAGE: 'memory', DEFENDER_CLOUD: 'gcc-high' }, 'https://api-gov.securitycenter.microsoft.us'],
  [
    { STATE_STORAGE: 'memory', DEFENDER_CLOUD: 'gcc', DEFENDER_AUDIENCE: 'https://mine.test' },
    'https://mine.test',
  ],
])('with %j identity and Defender are started, and fit together', async (settings, audience) => {
  const { started } = await start(settings);
  expect(started).toEqual(['managed identity', 'Defender simulator']);
  expect(await callThrough(standIns, audience)).toBe(200);
  expect(await callThrough(standIns, 'https://another.test')).toBe(401);
});

test.each([
  [{ IDENTITY_ENDPOINT: 'http://127.0.0.1:1/msi/token' }, ['Defender simulator'], ['DEFENDER_API_HOST']],
  [{ LOCAL_CREDENTIALS: 'azure-cli' }, ['Defender simulator'], ['DEFENDER_API_HOST']],
  [{ DEFENDER_API_HOST: 'https://api.test' }, ['managed identity'], ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER']],
  [{ LOCAL_CREDENTIALS: 'azure-cli', DEFENDER_API_HOST: 'https://api.test' }, [], []],
])('with %j only the rest is started', async (given, expected, names) => {
  const { started, settings } = await start({ STATE_STORAGE: 'memory', ...given });
  expect(started).toEqual(expected);
  expect(Object.keys(settings)).toEqual(names);
});

test('without a storage connection Azurite is started, with a key of its own', async () => {
  const { started, settings } = await start({ LOCAL_CREDENTIALS: 'azure-cli', DEFENDER_API_HOST: 'x' });
  expect(started).toEqual(['Azurite']);
  const { AzureWebJobsStorage = '' } = settings;
  const url = /BlobEndpoint=([^;]+)/.exec(AzureWebJobsStorage)?.[1];
  expect((await fetch(`${url}/container?restype=container`)).status).toBeGreaterThanOrEqual(400);
});

test.each([{ AzureWebJobsStorage: 'x' }, { AzureWebJobsStorage__accountName: 'x' }])(
  'with the connection %j it is not',
  async (connection) => {
    const { started } = await start({
      LOCAL_CREDENTIALS: 'azure-cli',
      DEFENDER_API_HOST: 'x',
      ...connection,
    });
    expect(started).toEqual([]);
  },
);
