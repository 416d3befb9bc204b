import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, test } from '@jest/globals';
import { makeToken } from '../../local/identity/token.js';
import { createApp } from '../../shared/app/app.js';
import { systemClock } from '../../shared/base/clock.js';
import { permission } from '../../shared/doctor/checks/permission.js';
import { setJsonSetting, setSetting, withNote } from '../../shared/doctor/commands.js';
import { readClaims } from '../../shared/identity/claims.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

const ID = '33333333-3333-4333-8333-333333333333';
const DELEGATED = { AZURE_CLIENT_ID: ID, DELEGATED_CLIENT_ID: ID, DELEGATED_TENANT_ID: ID };
const SET = /^az functionapp config appsettings set .* --settings "/;
const REMOVE = /^az functionapp config appsettings delete .* --setting-names /;

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

describe('a wrong setting: the command is for the setting that fixes it', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['its own', { QUOTA_PER_HOUR: 'x' }, new RegExp(`${SET.source}QUOTA_PER_HOUR=VALUE"$`)],
    [
      'one too many',
      { LOCAL_CREDENTIALS: 'azure-cli', CONTAINER_NAME: 'x', WEBSITE_SITE_NAME: 'x' },
      new RegExp(`${REMOVE.source}LOCAL_CREDENTIALS$`),
    ],
    [
      'another one that is missing',
      { ...DELEGATED, AZURE_CLIENT_ID: '' },
      new RegExp(`${SET.source}AZURE_CLIENT_ID=VALUE"$`),
    ],
    [
      'another one too many',
      { ...DELEGATED, LOCAL_CREDENTIALS: 'azure-cli' },
      new RegExp(`${REMOVE.source}LOCAL_CREDENTIALS$`),
    ],
    [
      'the cloud, and nothing beside it',
      { DEFENDER_API_HOST: '', DEFENDER_AUDIENCE: 'https://api-gov.securitycenter.microsoft.us' },
      new RegExp(`${SET.source}DEFENDER_CLOUD=VALUE" && az .* --setting-names DEFENDER_AUDIENCE$`),
    ],
    [
      'the one that holds the connection string',
      { STATE_STORAGE: '', AzureWebJobsStorage: 'hello' },
      new RegExp(`${SET.source}AzureWebJobsStorage=VALUE"$`),
    ],
    [
      'the one that should name a connection',
      { STATE_STORAGE: 'AccountName=canary;AccountKey=canary' },
      new RegExp(`${SET.source}STATE_STORAGE=VALUE"$`),
    ],
    [
      'a JSON of many lines, from a file',
      { FORWARD_DESTINATIONS: 'x' },
      /^az .* --settings "@settings\.json" {2}# .*"FORWARD_DESTINATIONS":/,
    ],
    [
      "a destination's secret, not the JSON that names it",
      {
        FORWARD_DESTINATIONS: JSON.stringify({
          siem: {
            url: 'https://siem.example.com/',
            auth: { type: 'standard-webhooks', secretSettings: ['SIEM_SECRET'] },
          },
        }),
      },
      new RegExp(`${SET.source}SIEM_SECRET=VALUE"$`),
    ],
  ])('%s', async (_name, settings, fix) => {
    world = await startWorld({ settings });
    const [told] = (await consult(world)).answer.json.checks;
    expect(told).toMatchObject({ name: 'settings', status: 'fail', fix: expect.stringMatching(fix) });
    expect(told.found).not.toContain('canary');
  });

  test('a connection string in the place of its name is recognised', async () => {
    world = await startWorld({ settings: { STATE_STORAGE: 'DefaultEndpointsProtocol=https;AccountName=x' } });
    const [told] = (await consult(world)).answer.json.checks;
    expect(told.found).toContain('it has to hold the NAME');
  });

  test.each([
    [
      'semicolons',
      setSetting('APPLICATIONINSIGHTS_CONNECTION_STRING', 'Key=1;Endpoint=https://a/;Id=2'),
      'APPLICATIONINSIGHTS_CONNECTION_STRING=Key=1;Endpoint=https://a/;Id=2',
    ],
    ['spaces', setSetting('PUBLIC_BASE_URL', 'a b  c'), 'PUBLIC_BASE_URL=a b  c'],
    ['what another command prints', setSetting('MY_STORAGE', '$(echo "A=1;B=2 3")'), 'MY_STORAGE=A=1;B=2 3'],
    ['JSON, from a file', setJsonSetting('FORWARD_DESTINATIONS'), '@settings.json'],
    ['a note', withNote(setSetting('A', 'B'), `it's "quoted", (in brackets) && ; more`), 'A=B'],
  ])('a shell reads a setting as one word: %s', (_what, command, last) => {
    const script = `az() { printf '%s\\n' "$@"; }\n${command}`;
    const words = execFileSync('bash', ['-eu', '-c', script], { encoding: 'utf8' });
    expect(words.trim().split('\n').at(-1)).toBe(last);
  });
});

describe('who works outside Azure', () => {
  test('and signs in by the environment is not sent to the Azure CLI', async () => {
    world = await startWorld({ settings: { LOCAL_CREDENTIALS: 'environment' } });
    const { fix } = (await consult(world)).of('identity');
    expect(fix).toContain('AZURE_TENANT_ID');
    expect(fix).not.toContain('az login');
  });

  test("and signs in by the Azure CLI is not told to change Microsoft's own application", async () => {
    const startup = createApp({ STATE_STORAGE: 'memory', LOCAL_CREDENTIALS: 'azure-cli' });
    if (!startup.ok) throw new Error('these settings are right');
    const { token } = makeToken({
      resource: 'https://api.securitycenter.microsoft.com',
      clientId: ID,
      scopes: ['user_impersonation'],
      nowMs: systemClock.epochMs(),
      lifetimeSeconds: 3_600,
    });
    const look = Promise.resolve({ ok: true, claims: readClaims(token) } as const);
    const patient = {
      app: startup.app,
      token: look,
      probe: undefined,
      asked: {},
      storage: Promise.resolve(undefined),
    };
    const [told] = await permission.examine(patient, new AbortController().signal);
    expect(told?.fix).toContain('LOCAL_CREDENTIALS=environment');
  });
});

test('a destination at an address that is never sent to: another host, not a setting that is there already', async () => {
  const FORWARD_DESTINATIONS = JSON.stringify({
    meta: { url: 'https://169.254.169.254/', allowPrivateHost: true },
  });
  world = await startWorld({ settings: { FORWARD_DESTINATIONS } });
  const { fix } = (await consult(world)).of('destinations');
  expect(fix).toContain('another host for meta');
  expect(fix).not.toContain('allowPrivateHost');
});
