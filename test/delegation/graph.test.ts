import { afterEach, expect, test } from '@jest/globals';
import { always, upstreamError } from '../faults/answers.js';
import { ALERT, IPS } from '../faults/payloads.js';
import { type DelegatedWorld, startDelegatedWorld } from '../support/delegated-world.js';

let world: DelegatedWorld;
afterEach(() => world.close());

test("as=user asks Graph with the user's token for Graph where Defender has been retired, and charges the registration", async () => {
  world = await startDelegatedWorld({ settings: { IP_SOURCES: 'defender,graph' } });
  world.authority.scopes = ['Ip.Read.All', 'SecurityAlert.Read.All'];
  world.defender.intercept = always(upstreamError(410, 'Gone'));
  const ann = world.authority.signIn('ann');
  const { status, json } = await world.enrichAs(ann, ALERT);
  expect({ status, ips: json.alert.relatedIps }).toEqual({ status: 200, ips: IPS });
  expect(json.enrichment.ips[0].sources).toEqual(['graph']);
  const scopes = world.authority.requests.map(({ scope }) => scope).join(' ');
  expect(scopes).toContain(`${world.audience}/.default`);
  expect(scopes).toContain('https://graph.microsoft.com/.default');
  expect(json.enrichment.quotas.graph.minute.remaining).toBe(149);
  // The app's own count is another one.
  const own = await world.enrich(ALERT);
  expect(own.json.enrichment.quotas.graph.minute.remaining).toBe(149);
});

test('as=user whose token Graph refuses gets a problem that names the permission', async () => {
  world = await startDelegatedWorld({ settings: { IP_SOURCES: 'graph' } });
  const { status, json } = await world.enrichAs(world.authority.signIn('ann'), ALERT);
  expect({ status, type: json.type }).toEqual({
    status: 502,
    type: 'urn:problem:alert-ip-enrichment:source-refused',
  });
  expect(json.detail).toContain('SecurityAlert.Read.All');
});
