import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../local/azurite.js';
import { type Receiver, startReceiver } from '../local/receiver/receiver.js';
import { payloadOf } from './payload/recorded-case.js';
import { freshAlertIds } from './support/alert-ids.js';
import { documentedRequests, documentedScripts } from './support/documented-requests.js';
import { startWorld, type World } from './support/world.js';

const KEY = 'key-12345678';

const PAGE = 'docs/guides/quick-starts.md';
const requests = await documentedRequests(PAGE, await payloadOf('sentinel-incident/one-alert-with-entities'));

let azurite: Azurite;
let receiver: Receiver;
let world: World;
beforeAll(async () => {
  azurite = await startAzurite();
  receiver = await startReceiver();
  world = await startWorld({
    functionKey: KEY,
    settings: {
      STATE_STORAGE: undefined,
      AzureWebJobsStorage: azurite.connectionString,
      GRAPH_CLIENT_STATE_SETTING: 'MY_STATE',
      MY_STATE: 'CLIENT_STATE',
      FORWARD_DESTINATIONS: JSON.stringify({ siem: { url: receiver.url } }),
    },
  });
});
afterAll(async () => {
  await world.close();
  await receiver.close();
  await azurite.close();
});

test('every caller has a quick start with a request', () => {
  expect([...new Set(requests.map(({ section }) => section))]).toEqual([
    'curl',
    'Logic Apps: a Sentinel playbook',
    'Cortex XSOAR',
    'Splunk SOAR',
    'Event Grid',
    'Microsoft Graph',
  ]);
});

test.each(requests)(
  '$section: $method $path is a $status',
  async ({ method, path, headers, body, status }) => {
    const withKey = (text: string) => text.replace('FUNCTION_KEY', KEY);
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, withKey(value)]));
    const answer = await world.send(method, withKey(path), body, sent);
    expect(answer.status).toBe(status);
    // What a quick start shows is a success: nothing in it may have failed.
    expect(answer.text).not.toContain('"failed"');
  },
);

/** Runs a script of the page where its files lie. The wait that it asks `sleep` for is cut short. */
async function runScript(script: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quick-start-'));
  const [first, second] = freshAlertIds(2);
  await writeFile(join(folder, 'alerts.json'), JSON.stringify([first, second]));
  await writeFile(join(folder, 'alerts.ndjson'), `{"alertId":"${first}"}\n{"alertId":"${second}"}\n`);
  const short = 'sleep() { [ "$1" -ge 1 ] && command sleep 0.1; }\n';
  const env = { ...process.env, APP: world.host.url, KEY };
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', short + script], {
    cwd: folder,
    env,
  });
  await rm(folder, { recursive: true });
  return stdout;
}

const scripts = await documentedScripts(PAGE);

test('a script follows a 202 until the answer is there', async () => {
  const script = scripts.find((one) => one.includes('202')) ?? '';
  expect(await runScript(script)).toMatch(/^HTTP\/1.1 200.*"status":"complete"/s);
  const queued = script.replace('mode=auto', 'mode=async');
  expect(queued).not.toBe(script);
  expect(await runScript(queued)).toMatch(/^HTTP\/1.1 200.*"status":"complete"/s);
});

test('a script makes a list of NDJSON', async () => {
  const script = scripts.find((one) => one.includes('ndjson')) ?? '';
  expect(JSON.parse(await runScript(script)).alerts).toHaveLength(2);
});
