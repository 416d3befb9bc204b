import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { makeToken } from '../../local/identity/token.js';
import { freshAlertIds } from '../support/alert-ids.js';
import { CLOSED_PORT, resolveBy } from '../support/network.js';
import { startWorld, type World, type WorldOptions } from '../support/world.js';

/** What is broken, and what the report has to say so that its reader can fix it by that alone. */
interface Row {
  readonly options?: WorldOptions;
  /** Hosts that no name server knows. */
  readonly unknownHosts?: readonly string[];
  /** Breaks the running world. */
  readonly broken?: (world: World) => void;
  /** Before the doctor is asked, a caller is answered. */
  readonly afterRequest?: boolean;
  readonly probe?: boolean;
  readonly says: readonly (string | RegExp)[];
  readonly not?: readonly (string | RegExp)[];
}

const OTHER_ID = '55555555-5555-4555-8555-555555555555';
const CONNECTION = (account: string) =>
  `DefaultEndpointsProtocol=https;AccountName=${account};AccountKey=${randomBytes(64).toString('base64')};EndpointSuffix=core.windows.net`;

/** Triggers are not what is looked at here. */
const noQueues = () => ({
  receive: async () => [],
  delete: async () => {},
  hide: async () => {},
  send: async () => {},
});

const settings = (of: Record<string, string>, more: Partial<WorldOptions> = {}): Partial<Row> => ({
  options: { settings: of, queues: noQueues, ...more },
});

/** Defender, or what is in its place, answers this to everything. */
const answers =
  (status: number, body: string, type = 'application/json', headers: Record<string, string> = {}) =>
  (world: World) => {
    world.defender.intercept = (_request, response) => {
      response.writeHead(status, { 'content-type': type, ...headers }).end(body);
      return true;
    };
  };
const inItsForm = (status: number, code: string) =>
  answers(status, JSON.stringify({ error: { code, message: 'm' } }));
const page = (status: number) => answers(status, '<html><body>Blocked</body></html>', 'text/html');

/** The identity endpoint answers this to everything. */
const refuses = (status: number, message: string) => (world: World) => {
  world.identity.intercept = (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ statusCode: status, message }));
    return true;
  };
};

const signed = (...secretSettings: string[]) => ({
  FORWARD_DESTINATIONS: JSON.stringify({
    siem: { url: 'https://siem.example.com/', auth: { type: 'standard-webhooks', secretSettings } },
  }),
});
const REFERENCE = '@Microsoft.KeyVault(SecretUri=https://vault-canary.vault.azure.net/secrets/x/)';

const ROWS: Readonly<Record<string, Row>> = {
  'a cloud that does not exist': {
    ...settings({ DEFENDER_CLOUD: 'Commercial' }),
    says: ['DEFENDER_CLOUD must be one of commercial, gcc', '"DEFENDER_CLOUD=VALUE"'],
  },
  'the wrong cloud, and Defender refuses its tokens': {
    ...settings({ DEFENDER_CLOUD: 'gcc' }),
    broken: inItsForm(401, 'Unauthorized'),
    afterRequest: true,
    says: [/^fail {2}defender .*401/m, '"DEFENDER_CLOUD=CLOUD"', 'CLOUD: commercial, gcc'],
    not: ['as DEFENDER_AUDIENCE says'],
  },
  'the wrong cloud, and its host is not known here': {
    ...settings({ DEFENDER_CLOUD: 'gcc', DEFENDER_API_HOST: '', DEFENDER_AUDIENCE: '' }),
    unknownHosts: ['api-gcc.securitycenter.microsoft.us'],
    says: [/^fail {2}defender .*api-gcc.*ENOTFOUND/m, 'DEFENDER_CLOUD', 'DNS servers'],
  },
  'an audience that the tenant does not know': {
    broken: refuses(400, 'AADSTS500011: The resource principal named X was not found in the tenant.'),
    says: ['does not know the audience', '"DEFENDER_CLOUD=CLOUD"', 'never set up in this tenant'],
    not: ['AZURE_CLIENT_ID'],
  },
  'a client id that is no GUID': {
    ...settings({ AZURE_CLIENT_ID: 'my-identity' }),
    says: ['AZURE_CLIENT_ID must be', 'GUID', '"AZURE_CLIENT_ID=VALUE"'],
  },
  'a client id that the app has no identity of': {
    ...settings({ AZURE_CLIENT_ID: OTHER_ID.replace('5', '8') }),
    broken: refuses(400, 'No User Assigned identity'),
    says: ['not the object id', '"AZURE_CLIENT_ID=CLIENT_ID"', 'az functionapp identity show'],
  },
  'a client id that is needed and not set': {
    broken: refuses(400, 'No identity'),
    says: ['put its client id into AZURE_CLIENT_ID', '"AZURE_CLIENT_ID=CLIENT_ID"'],
  },
  'a client id that is not the one in use': {
    ...settings({ AZURE_CLIENT_ID: OTHER_ID.replace('5', '9') }),
    broken: (world) => {
      world.identity.intercept = (_request, response) => {
        const { token } = makeToken({
          resource: world.audience,
          clientId: OTHER_ID,
          roles: ['Ip.Read.All'],
          nowMs: Date.now(),
          lifetimeSeconds: 7_200,
        });
        const expires_on = Math.floor(Date.now() / 1000) + 7_200;
        response.end(
          JSON.stringify({ access_token: token, expires_on, resource: world.audience, token_type: 'Bearer' }),
        );
        return true;
      };
    },
    says: [`belongs to ${OTHER_ID}`, `"AZURE_CLIENT_ID=${OTHER_ID}"`],
  },
  'a connection string where the name of its setting belongs': {
    ...settings({ STATE_STORAGE: CONNECTION('canary') }),
    says: [/STATE_STORAGE holds a connection string.*NAME.*AzureWebJobsStorage/, '"STATE_STORAGE=VALUE"'],
    not: ['canary'],
  },
  'a connection string that is none': {
    ...settings({ STATE_STORAGE: '', AzureWebJobsStorage: 'hello' }),
    says: ['AzureWebJobsStorage must be a connection string', '"AzureWebJobsStorage=VALUE"'],
    not: ['"STATE_STORAGE='],
  },
  'no storage at all': {
    ...settings({ STATE_STORAGE: '' }),
    says: [/STATE_STORAGE .*AzureWebJobsStorage.*memory, for one instance/],
  },
  'an account that does not exist': {
    ...settings({ STATE_STORAGE: '', AzureWebJobsStorage: CONNECTION('nosuchaccount') }),
    unknownHosts: ['nosuchaccount.blob.core.windows.net', 'nosuchaccount.queue.core.windows.net'],
    says: [
      /^fail {2}storage .*No storage account has the name.*ENOTFOUND/m,
      'Correct the account',
      'AzureWebJobsStorage',
    ],
    not: [/ENOTFOUND[\s\S]*ENOTFOUND/], // one cause is reported once
  },
  'memory with several processes': {
    ...settings({ FUNCTIONS_WORKER_PROCESS_COUNT: '4' }),
    says: ['must be 1 with STATE_STORAGE=memory', '--setting-names FUNCTIONS_WORKER_PROCESS_COUNT'],
  },
  'no identity': {
    ...settings({ IDENTITY_ENDPOINT: '' }),
    says: ['no managed identity', 'az functionapp identity assign'],
  },
  'an identity endpoint that fails': {
    broken: refuses(500, 'out of order'),
    says: ['identity endpoint gave no token', 'az functionapp restart'],
  },
  'a clock that is 20 minutes off, while requests are answered': {
    broken: (world) =>
      answers(200, '{"value":[]}', 'application/json', {
        date: new Date(Date.now() + 1_200_000).toUTCString(),
      })(world),
    afterRequest: true,
    says: [
      /^warn {2}clock .*1\d\d\d s behind.*Requests are answered meanwhile/m,
      'NTP',
      'it works, with warnings',
    ],
    not: [/^fail/m],
  },
  'the role is missing': {
    options: { identity: { roles: ['Machine.Read.All'] } },
    says: ['its roles: Machine.Read.All', 'az rest --method POST', 'Azure reuses the old token'],
  },
  'no plan of Defender, by the last request': {
    broken: inItsForm(403, 'Forbidden'),
    afterRequest: true,
    says: [
      /^fail {2}defender .*last call of this process.*403.*carries the application permission/m,
      'active plan',
    ],
    not: ['proxy or firewall'],
  },
  'no plan of Defender, by a probe': {
    broken: inItsForm(403, 'Forbidden'),
    probe: true,
    says: [/^fail {2}defender .*403/m, 'Licenses', 'active plan'],
  },
  'a 403 of a proxy': {
    broken: page(403),
    probe: true,
    says: [/^fail {2}defender .*403.*not in Defender's error form.*proxy/m, /→ .*proxy or firewall/],
  },
  'a 404 of a proxy': {
    broken: page(404),
    probe: true,
    says: [/^fail {2}defender .*404/m, /→ .*proxy or firewall.*DEFENDER_API_HOST/],
  },
  'a 404 of a proxy, by the last request': {
    broken: page(404),
    afterRequest: true,
    says: [/^warn {2}defender|^fail {2}defender/m, /→ .*proxy or firewall.*DEFENDER_API_HOST/],
  },
  'a page of a proxy with a 200': {
    broken: page(200),
    probe: true,
    says: [/^fail {2}defender .*no JSON.*proxy/m, /→ .*proxy or firewall/],
  },
  'a proxy that wants a password': {
    broken: page(407),
    probe: true,
    says: [/^fail {2}defender .*407.*proxy/m, /→ .*proxy or firewall/],
  },
  "a name of Defender's host that is not known": {
    ...settings({ DEFENDER_API_HOST: 'https://api.defender.invalid' }),
    unknownHosts: ['api.defender.invalid'],
    says: [
      /^fail {2}defender .*api\.defender\.invalid could not be reached \(ENOTFOUND\)/m,
      'Correct DEFENDER_API_HOST',
    ],
  },
  "nobody listens at Defender's host": {
    ...settings({ DEFENDER_API_HOST: `http://127.0.0.1:${CLOSED_PORT}` }),
    says: [/^fail {2}defender .*ECONNREFUSED/m, 'outbound rules', 'DEFENDER_API_HOST'],
  },
  'two apps with one identity': {
    broken: answers(429, '', 'text/plain', { 'retry-after': '3600' }),
    afterRequest: true,
    says: [
      'another app uses the same identity',
      'QUOTA_PER_MINUTE=N',
      'identity of its own',
      'get a 429 until then',
    ],
    not: ['it works'],
  },
  'a destination that is gone': {
    ...settings({ FORWARD_DESTINATIONS: `{"siem":{"url":"http://127.0.0.1:${CLOSED_PORT}/x"}}` }),
    says: [/^fail {2}destinations +siem: .*ECONNREFUSED/m, 'check the port'],
  },
  'a secret of a destination is missing': {
    ...settings(signed('SIEM_SECRET')),
    says: ['siem.auth.secretSettings[0]', 'SIEM_SECRET', '"SIEM_SECRET=VALUE"'],
    not: ['FORWARD_DESTINATIONS=', '@settings.json'],
  },
  'a secret where the name of its setting belongs': {
    ...settings(signed('whsec_canary0000000000000000000000')),
    says: ['must name a setting', 'NAME_OF_THAT_SETTING=VALUE'],
    not: ['canary', 'FORWARD_DESTINATIONS='],
  },
  'a Key Vault reference that was not replaced': {
    ...settings({ ...signed('SIEM_SECRET'), SIEM_SECRET: REFERENCE }),
    says: [
      /^fail {2}settings +SIEM_SECRET is a Key Vault reference/m,
      '"Key Vault Secrets User"',
      'KEY_VAULT_ID',
    ],
    not: ['24 to 64', 'vault-canary', /^fail[\s\S]*^fail/m],
  },
  'a Key Vault reference in telemetry, which stops nothing else': {
    ...settings({ APPLICATIONINSIGHTS_CONNECTION_STRING: REFERENCE }),
    says: [/^warn {2}telemetry .*Key Vault reference/m, '"Key Vault Secrets User"'],
    not: [/^fail/m],
  },
  'a connection string of telemetry that is none': {
    ...settings({ APPLICATIONINSIGHTS_CONNECTION_STRING: OTHER_ID }),
    says: [/^warn {2}telemetry .*InstrumentationKey=/m, '"APPLICATIONINSIGHTS_CONNECTION_STRING=VALUE"'],
    not: [/^fail/m],
  },
  'a misspelled setting': {
    ...settings({ QUOTA_PER_MIN: '50', SIEM_SECRET_OLD: 'x', QUOTA: 'x' }),
    says: [
      /^warn {2}settings +QUOTA_PER_MIN is set and has no effect.*QUOTA_PER_MINUTE/m,
      '"QUOTA_PER_MINUTE=VALUE"',
    ],
    not: ['SIEM_SECRET_OLD', 'QUOTA is set'],
  },
};

let world: World | undefined;
let restore: (() => void) | undefined;
afterEach(async () => {
  restore?.();
  restore = undefined;
  await world?.close();
  world = undefined;
});

/** Each fix is a sentence without a command, or a command that bash reads whole and that calls `az` alone. */
function checkPasted(text: string): void {
  for (const [, fix = ''] of text.matchAll(/^ +→ (.*)$/gm)) {
    if (!/^az\b/.test(fix)) {
      expect(fix).not.toMatch(/\baz (?:functionapp|role|ad|rest)\b/);
      continue;
    }
    execFileSync('bash', ['-n', '-c', fix]);
    const script = `PATH=
az() { printf '%s\\n' "az $1"; }\n${fix}\n`;
    const ran = execFileSync('bash', ['-eu', '-c', script], { encoding: 'utf8', stdio: 'pipe' });
    expect(ran).toMatch(/^(az \w+\n)+$/);
  }
}

describe("the report's text alone leads to what fixes it", () => {
  test.each(Object.entries(ROWS))('%s', async (_what, row) => {
    const { options, unknownHosts = [], broken, afterRequest, probe, says, not = [] } = row;
    world = await startWorld(options);
    restore = resolveBy((host) => (unknownHosts.includes(host) ? 'ENOTFOUND' : undefined));
    broken?.(world);
    if (afterRequest) await world.enrich({ alertId: freshAlertIds(1)[0] });
    const { text } = await world.get(`/api/doctor?format=text${probe ? `&probe=${KNOWN_ALERT}` : ''}`);
    for (const part of says) expect(text).toMatch(part);
    for (const part of not) expect(text).not.toMatch(part);
    // Of a broken app nobody reads that it works without a condition.
    expect(text).not.toContain('All is well');
    checkPasted(text);
  });
});
