import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../shared/app/settings.js';

/** The one thing that has no default outside Azure: where state is kept. */
const STATE = { STATE_STORAGE: 'memory' };

function problems(env: Record<string, string>) {
  const parsed = parseSettings({ ...STATE, ...env });
  return parsed.ok ? [] : parsed.problems.map(({ setting }) => setting);
}

function settings(env: Record<string, string>) {
  const parsed = parseSettings({ ...STATE, ...env });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.settings;
}

describe('settings', () => {
  test('nothing set: the commercial cloud, the documented limits', () => {
    expect(settings({})).toEqual({
      cloud: {
        apiHost: 'https://api.security.microsoft.com',
        audience: 'https://api.securitycenter.microsoft.com',
        authorityHost: 'https://login.microsoftonline.com',
        graphHost: 'https://graph.microsoft.com',
        graphRoleId: '472e4a4d-bb4a-4026-98d1-0b0d74cb74a5',
        portal: 'https://security.microsoft.com',
        exchangeAudience: 'api://AzureADTokenExchange',
      },
      identity: {
        clientId: undefined,
        localCredentials: undefined,
        endpoint: undefined,
        authorityHost: 'https://login.microsoftonline.com',
      },
      sources: ['defender'],
      graph: {
        apiHost: 'https://graph.microsoft.com',
        audience: 'https://graph.microsoft.com',
        perMinute: 150,
      },
      quota: { perMinute: 100, perHour: 1500, reservePercent: 20 },
      cache: { ipsSeconds: 300, notFoundSeconds: 30 },
      state: { storage: { kind: 'memory' }, app: 'local', principal: { client: 'local', key: 'local' } },
      publicBaseUrl: undefined,
      jobs: { resultHours: 24 },
      destinations: [],
      maxBodyBytes: 20 * 1024 * 1024,
      misspelled: [],
      telemetry: undefined,
      telemetryProblems: [],
      webhooks: { eventOrigins: ['eventgrid.azure.net'], graphClientState: undefined },
    });
  });

  test.each([
    ['gcc', 'api-gcc.securitycenter.microsoft.us', 'login.microsoftonline.com', 'graph.microsoft.com'],
    ['gcc-high', 'api-gov.securitycenter.microsoft.us', 'login.microsoftonline.us', 'graph.microsoft.us'],
    ['dod', 'api-gov.securitycenter.microsoft.us', 'login.microsoftonline.us', 'dod-graph.microsoft.us'],
  ])(
    'DEFENDER_CLOUD=%s implies host, audience, authority and Graph',
    (DEFENDER_CLOUD, host, login, graph) => {
      expect(settings({ DEFENDER_CLOUD }).cloud).toMatchObject({
        apiHost: `https://${host}`,
        audience: `https://${host}`,
        authorityHost: `https://${login}`,
        graphHost: `https://${graph}`,
      });
    },
  );

  test('each part of a cloud can be overridden', () => {
    expect(
      settings({
        DEFENDER_API_HOST: 'https://eu.api.security.microsoft.com/',
        DEFENDER_AUDIENCE: 'https://securitycenter.onmicrosoft.com/windowsatpservice',
        DEFENDER_AUTHORITY_HOST: 'https://login.example.com',
      }).cloud,
    ).toMatchObject({
      apiHost: 'https://eu.api.security.microsoft.com',
      audience: 'https://securitycenter.onmicrosoft.com/windowsatpservice',
      authorityHost: 'https://login.example.com',
    });
  });

  test('a secret is read from the setting that is named', () => {
    const env = { GRAPH_CLIENT_STATE_SETTING: 'MY_STATE', MY_STATE: 'state-1' };
    expect(settings(env).webhooks.graphClientState).toBe('state-1');
  });

  test.each(['MISSING', 'constructor', '__proto__', 'toString'])(
    'a setting named %s has no value',
    (name) => {
      expect(problems({ GRAPH_CLIENT_STATE_SETTING: name })).toEqual(['GRAPH_CLIENT_STATE_SETTING']);
    },
  );

  test('an empty setting is an absent one', () => {
    expect(settings({ DEFENDER_CLOUD: '', QUOTA_PER_HOUR: ' ' })).toEqual(settings({}));
  });

  test('several worker processes with state in memory would each use the whole quota: a wrong setting', () => {
    const several = { FUNCTIONS_WORKER_PROCESS_COUNT: '4' };
    expect(problems(several)).toEqual(['FUNCTIONS_WORKER_PROCESS_COUNT']);
    expect(problems({ FUNCTIONS_WORKER_PROCESS_COUNT: '1' })).toEqual([]);
    const stored = {
      STATE_STORAGE: 'AzureWebJobsStorage',
      AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    };
    expect(problems({ ...several, ...stored })).toEqual([]);
  });

  test('all that is wrong is named at once, without the values', () => {
    const parsed = parseSettings({
      DEFENDER_CLOUD: 'secret-1',
      DEFENDER_API_HOST: 'http://secret-2.example.com',
      DEFENDER_AUDIENCE: 'secret-3',
      DEFENDER_AUTHORITY_HOST: 'https://secret-4.example.com/path',
      AZURE_CLIENT_ID: 'secret-5',
      LOCAL_CREDENTIALS: 'secret-6',
      QUOTA_PER_MINUTE: '0',
      QUOTA_PER_HOUR: '1.5',
      QUOTA_RESERVE_PERCENT: '91',
      STATE_STORAGE: 'DefaultEndpointsProtocol=https;AccountName=secret10;AccountKey=secret-10',
      IPS_CACHE_SECONDS: '-1',
      NOT_FOUND_CACHE_SECONDS: 'secret-7',
      JOB_RESULT_HOURS: '0',
      PUBLIC_BASE_URL: 'http://secret-11.example.com',
      FORWARD_DESTINATIONS: '{"siem":{"url":"http://secret-12.example.com"}}',
      MAX_BODY_BYTES: '1e3',
      EVENT_ORIGINS: 'https://secret-8.example.com',
      GRAPH_CLIENT_STATE_SETTING: 'secret-9',
      APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=secret-12',
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'secret-13',
    });
    if (parsed.ok) throw new Error('these settings must not pass');
    expect(parsed.problems.map(({ setting }) => setting).sort()).toEqual([
      'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
      'APPLICATIONINSIGHTS_CONNECTION_STRING',
      'AZURE_CLIENT_ID',
      'DEFENDER_API_HOST',
      'DEFENDER_AUDIENCE',
      'DEFENDER_AUTHORITY_HOST',
      'DEFENDER_CLOUD',
      'EVENT_ORIGINS',
      'FORWARD_DESTINATIONS',
      'GRAPH_CLIENT_STATE_SETTING',
      'IPS_CACHE_SECONDS',
      'JOB_RESULT_HOURS',
      'LOCAL_CREDENTIALS',
      'MAX_BODY_BYTES',
      'NOT_FOUND_CACHE_SECONDS',
      'PUBLIC_BASE_URL',
      'QUOTA_PER_HOUR',
      'QUOTA_PER_MINUTE',
      'QUOTA_RESERVE_PERCENT',
      'STATE_STORAGE',
    ]);
    expect(JSON.stringify(parsed.problems)).not.toContain('secret');
  });

  test.each([
    ['https://user:password@api.example.com', false],
    ['https://api.example.com/api', false],
    ['https://api.example.com/?x=1', false],
    ['http://api.example.com', false],
    ['http://127.0.0.1.example.com', false],
    ['ftp://127.0.0.1', false],
    ['http://127.0.0.1:7080', true],
    ['http://localhost:7080', true],
    ['http://[::1]:7080', true],
    ['https://api.example.com:8443', true],
  ])('a token may go to %s: %s', (DEFENDER_API_HOST, isRight) => {
    expect(problems({ DEFENDER_API_HOST })).toEqual(isRight ? [] : ['DEFENDER_API_HOST']);
  });

  test.each([
    ['https://alerts.example.com', 'https://alerts.example.com'],
    ['https://gateway.example.com/soc/', 'https://gateway.example.com/soc'],
    ['http://127.0.0.1:7071', 'http://127.0.0.1:7071'],
  ])('callers may be sent to %s', (PUBLIC_BASE_URL, publicBaseUrl) => {
    expect(settings({ PUBLIC_BASE_URL }).publicBaseUrl).toBe(publicBaseUrl);
  });

  const KEY = 'InstrumentationKey=00000000-1111-4222-8333-444444444444';
  test.each([
    [
      `${KEY};IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/;LiveEndpoint=https://westeurope.livediagnostics.monitor.azure.com/;ApplicationId=1`,
      'https://westeurope-5.in.applicationinsights.azure.com',
    ],
    [
      `ingestionendpoint = https://example.com/behind/a/gateway/ ; ${KEY};`,
      'https://example.com/behind/a/gateway',
    ],
    [
      `${KEY};EndpointSuffix=applicationinsights.us;Location=usgovvirginia`,
      'https://usgovvirginia.dc.applicationinsights.us',
    ],
    [`${KEY};IngestionEndpoint=http://127.0.0.1:4040`, 'http://127.0.0.1:4040'],
    [KEY, 'https://dc.services.visualstudio.com'],
  ])('telemetry of %s goes to %s', (APPLICATIONINSIGHTS_CONNECTION_STRING, ingestionEndpoint) => {
    expect(settings({ APPLICATIONINSIGHTS_CONNECTION_STRING }).telemetry).toEqual({
      connectionString: APPLICATIONINSIGHTS_CONNECTION_STRING,
      ingestionEndpoint,
      role: 'defender-alert-ip-enrichment',
      entra: undefined,
    });
  });

  test.each([
    '00000000-1111-4222-8333-444444444444',
    'InstrumentationKey=00000000-1111-4222-8333-44444444',
    'IngestionEndpoint=https://example.com',
    `${KEY};IngestionEndpoint=http://example.com`,
    `${KEY};IngestionEndpoint=https://user:password@example.com`,
    `${KEY};IngestionEndpoint=example.com`,
    `${KEY};IngestionEndpoint`,
    `${KEY};IngestionEndpoint=https://example.com/?a=b`,
  ])(
    'no telemetry goes to where %s says, and nothing else is wrong',
    (APPLICATIONINSIGHTS_CONNECTION_STRING) => {
      const { telemetry, telemetryProblems } = settings({ APPLICATIONINSIGHTS_CONNECTION_STRING });
      expect(telemetry).toBeUndefined();
      expect(telemetryProblems.map(({ setting }) => setting)).toEqual([
        'APPLICATIONINSIGHTS_CONNECTION_STRING',
      ]);
      expect(JSON.stringify(telemetryProblems)).not.toContain('4444');
    },
  );

  const CLIENT = '77777777-7777-4777-8777-77777777777a';
  test.each([
    ['Authorization=AAD', { clientId: undefined, audience: 'https://monitor.azure.com' }],
    [
      `clientid=${CLIENT.toUpperCase()};authorization=aad`,
      { clientId: CLIENT, audience: 'https://monitor.azure.com' },
    ],
    ['', undefined],
  ])('telemetry is sent as %s says', (APPLICATIONINSIGHTS_AUTHENTICATION_STRING, entra) => {
    const { telemetry, telemetryProblems } = settings({
      APPLICATIONINSIGHTS_CONNECTION_STRING: KEY,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING,
    });
    expect(telemetryProblems).toEqual([]);
    expect(telemetry?.entra).toEqual(entra);
  });

  test.each([
    ['https://monitor.azure.us/', 'https://monitor.azure.us/'],
    ['https://monitor.azure.us/.default', 'https://monitor.azure.us'],
  ])("a national cloud's connection string says what tokens are for: %s", (audience, wanted) => {
    const { telemetry } = settings({
      APPLICATIONINSIGHTS_CONNECTION_STRING: `${KEY};AadAudience=${audience}`,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD',
    });
    expect(telemetry?.entra?.audience).toBe(wanted);
  });

  test.each([
    'AAD',
    'Authorization=Key',
    `ClientId=${CLIENT}`,
    'Authorization=AAD;ClientId=my-identity',
    'Authorization=AAD;Secret=secret-1',
  ])('nobody sends telemetry as %s says', (APPLICATIONINSIGHTS_AUTHENTICATION_STRING) => {
    const { telemetry, telemetryProblems } = settings({
      APPLICATIONINSIGHTS_CONNECTION_STRING: KEY,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING,
    });
    expect(telemetry).toBeUndefined();
    expect(telemetryProblems.map(({ setting }) => setting)).toEqual([
      'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
    ]);
  });

  test('a token for telemetry goes over https only', () => {
    const { telemetry, telemetryProblems } = settings({
      APPLICATIONINSIGHTS_CONNECTION_STRING: `${KEY};IngestionEndpoint=http://127.0.0.1:4040`,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD',
    });
    expect(telemetry).toBeUndefined();
    expect(telemetryProblems).toHaveLength(1);
  });

  test.each([
    'https://a:b@example.com',
    'https://example.com/?x=1',
    'http://example.com',
    'example.com',
    'https://gateway.example.com/soc/api',
    'https://gateway.example.com/API/',
  ])('callers are not sent to %s', (PUBLIC_BASE_URL) => {
    expect(problems({ PUBLIC_BASE_URL })).toEqual(['PUBLIC_BASE_URL']);
  });

  test.each([
    ['WEBSITE_INSTANCE_ID', {}],
    ['WEBSITE_POD_NAME', {}],
    ['CONTAINER_NAME', { WEBSITE_SITE_NAME: 'x' }],
  ])('LOCAL_CREDENTIALS is refused inside Azure, by %s, which the message names', (mark, more) => {
    expect(problems({ LOCAL_CREDENTIALS: 'azure-cli', ...more })).toEqual([]);
    const parsed = parseSettings({
      LOCAL_CREDENTIALS: 'azure-cli',
      [mark]: 'x',
      ...more,
      STATE_STORAGE: 'memory',
    });
    expect(parsed.ok ? [] : parsed.problems).toMatchObject([
      { setting: 'LOCAL_CREDENTIALS', message: expect.stringContaining(mark) },
    ]);
  });

  test('a container is not Azure: CONTAINER_NAME alone refuses nothing', () => {
    expect(problems({ LOCAL_CREDENTIALS: 'azure-cli', CONTAINER_NAME: 'dev-container' })).toEqual([]);
  });

  test('the sample lists every setting, and each value in it is usable', async () => {
    const { Values: sample } = JSON.parse(await readFile('local.settings.sample.json', 'utf8'));
    // As `npm start` sees it: where no storage is named, it starts one.
    expect(problems({ ...sample, STATE_STORAGE: 'memory' })).toEqual([]);
    const read = new Set<string>();
    parseSettings(new Proxy({}, { get: (_target, name) => void read.add(String(name)) }));
    const fromPlatform = /^(IDENTITY_ENDPOINT|WEBSITE_\w+|CONTAINER_NAME|AzureWebJobsStorage__\w+)$/;
    expect(Object.keys(sample)).toEqual(
      expect.arrayContaining([...read].filter((name) => !fromPlatform.test(name))),
    );
  });
});

describe('misspelled settings', () => {
  const misspelled = (...names: string[]) =>
    settings(Object.fromEntries(names.map((name) => [name, 'x']))).misspelled;

  test.each([
    ['its end is missing', 'QUOTA_PER_MIN', 'QUOTA_PER_MINUTE'],
    ['two letters are swapped', 'DEFENDER_CLUOD', 'DEFENDER_CLOUD'],
    ['in lower case', 'state_storage', 'STATE_STORAGE'],
    ['without underscores', 'MAXBODYBYTES', 'MAX_BODY_BYTES'],
    ['in the plural', 'JOB_RESULTS_HOURS', 'JOB_RESULT_HOURS'],
  ])('%s', (_what, setting, meant) => {
    expect(misspelled(setting)).toEqual([{ setting, meant }]);
  });

  test.each([
    'PATH',
    'QUOTA',
    'WEBSITE_SITE_NAMES',
    'AZURE_CLIENT_SECRET',
    'AzureWebJobsDashboard',
    'AzureWebJobsStorage__accountName',
    'APPLICATIONINSIGHTS_CONNECTION_STRINGS',
    'FORWARDED_FOR',
    'OTHER_APPS_SETTING',
  ])('what others define is none: %s', (name) => {
    expect(misspelled(name)).toEqual([]);
  });

  test('a secret that a destination names, or an older one beside it, is none', () => {
    const FORWARD_DESTINATIONS = JSON.stringify({ siem: { urlSetting: 'FORWARD_URL' } });
    const more = { FORWARD_URL: 'https://siem.example.com/', FORWARD_URL_OLD: 'x' };
    expect(settings({ FORWARD_DESTINATIONS, ...more }).misspelled).toEqual([]);
  });

  test('no more than five are reported of a whole environment', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`QUOTA_PER_MINUTE_${n}`, 'x']));
    expect(settings(many).misspelled).toHaveLength(5);
  });
});

describe('a Key Vault reference that the platform has not replaced', () => {
  const reference = '@Microsoft.KeyVault(VaultName=secret-vault;SecretName=x)';
  const header = JSON.stringify({
    siem: {
      url: 'https://a.example.com/',
      auth: { type: 'header', header: 'X-Key', secretSettings: ['SIEM_KEY'] },
    },
  });

  test.each<[string, Record<string, string>, string]>([
    ['as a setting', { AZURE_CLIENT_ID: reference }, 'AZURE_CLIENT_ID'],
    [
      'in a setting that another names',
      { GRAPH_CLIENT_STATE_SETTING: 'MY_STATE', MY_STATE: reference },
      'MY_STATE',
    ],
    ['as a header, which could hold it', { FORWARD_DESTINATIONS: header, SIEM_KEY: reference }, 'SIEM_KEY'],
    ['in lower case', { AZURE_CLIENT_ID: reference.toLowerCase() }, 'AZURE_CLIENT_ID'],
  ])('%s: that is the one thing that is wrong, and nothing of it is shown', (_what, env, setting) => {
    const parsed = parseSettings({ ...STATE, ...env });
    if (parsed.ok) throw new Error('these settings must not pass');
    expect(parsed.problems).toEqual([
      { setting, message: expect.stringContaining('Key Vault reference'), remedy: { keyVault: true } },
    ]);
    expect(JSON.stringify(parsed.problems)).not.toContain('secret-vault');
  });

  test('of telemetry: nothing else is stopped', () => {
    const { telemetry, telemetryProblems } = settings({ APPLICATIONINSIGHTS_CONNECTION_STRING: reference });
    expect(telemetry).toBeUndefined();
    expect(telemetryProblems).toMatchObject([{ remedy: { keyVault: true } }]);
  });
});
