import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../local/azurite.js';
import { type Receiver, startReceiver } from '../local/receiver/receiver.js';
import { payloadOf } from './payload/recorded-case.js';
import { documentedRequests } from './support/documented-requests.js';
import { startWorld, type World } from './support/world.js';

const KEY = 'key-12345678';

const requests = await documentedRequests(
  'docs/guides/quick-starts.md',
  await payloadOf('sentinel-incident/one-alert-with-entities'),
);

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
