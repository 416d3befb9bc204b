import { afterEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT, KNOWN_IPS, UNKNOWN_ALERT } from '../../local/defender/alerts.js';
import { startReceiver } from '../../local/receiver/receiver.js';
import { freshAlertIds } from '../support/alert-ids.js';
import { answerOf, endOfDelivery, insist, logged, pathOf } from '../support/polling.js';
import { storedWorlds } from '../support/stored-world.js';
import { PAYLOAD_CANARY } from '../support/world.js';
import { CALLER, CALLER_PROPERTIES, expectNowhere, startWatched, TRACE_ID, type Watched } from './watched.js';

const stored = storedWorlds();

let watched: Watched;
afterEach(() => watched.end());

const withStorage = (settings: Record<string, string> = {}) => ({
  settings: { ...stored.settings, ...settings },
});

describe('a call to Defender', () => {
  test("is a dependency of the host's request, with the caller's names for its run", async () => {
    watched = await startWatched();
    const { world } = watched;
    const before = Date.now();
    await world.enrich({ alertId: KNOWN_ALERT }, '', CALLER);
    const answered = Date.now();
    await watched.end();
    const [call, ...more] = watched.of('RemoteDependencyData');
    expect(more).toEqual([]);
    expect(call?.data.baseData).toMatchObject({
      name: 'GET /api/alerts/{id}/ips',
      type: 'Http',
      target: new URL(world.defender.url).host,
      data: `${world.defender.url}/api/alerts/${KNOWN_ALERT}/ips`,
      resultCode: '200',
      success: true,
      properties: { alertId: KNOWN_ALERT, outcome: 'answered', ...CALLER_PROPERTIES },
    });
    expect(call?.tags['ai.operation.id']).toBe(TRACE_ID);
    // The host's own span, which is a new one for each request.
    expect(call?.tags['ai.operation.parentId']).toMatch(/^[0-9a-f]{16}$/);
    expect(call?.tags['ai.operation.parentId']).not.toBe('b7ad6b7169203331');
    expect(call?.tags['ai.cloud.role']).toBe('defender-alert-ip-enrichment');
    // Made before the library was loaded: the time is when it was made.
    const startedMs = Date.parse(call?.time ?? '');
    expect(startedMs).toBeGreaterThanOrEqual(before);
    expect(startedMs).toBeLessThanOrEqual(answered);
  });

  test('that fails says how, and each attempt is one', async () => {
    watched = await startWatched();
    const { world } = watched;
    let asked = 0;
    world.defender.intercept = (_request, response) => {
      asked++;
      if (asked === 1) response.destroy();
      else if (asked === 2) response.writeHead(503, { 'Retry-After': '0' }).end();
      else
        response
          .writeHead(403, { 'Content-Type': 'application/json' })
          .end('{"error":{"code":"Forbidden","message":"no"}}');
      return true;
    };
    expect((await world.enrich({ alertId: KNOWN_ALERT })).status).toBe(502);
    await watched.end();
    const results = watched
      .of('RemoteDependencyData')
      .map(({ data: { baseData } }) => [baseData.resultCode, baseData.success, baseData.properties.outcome]);
    expect(results).toEqual([
      ['unreachable', false, 'unreachable'],
      ['503', false, 'unavailable'],
      ['403', false, 'forbidden'],
    ]);
    for (const outcome of ['unreachable', 'unavailable', 'forbidden']) {
      expect(watched.count('enrichment.upstream_call_ms', { outcome })).toBe(1);
    }
  });

  test('about an address does not say which', async () => {
    watched = await startWatched();
    await watched.world.enrich({ alertId: KNOWN_ALERT }, '?stats=true');
    await watched.end();
    expect(watched.of('RemoteDependencyData').map(({ data }) => data.baseData.name)).toContain(
      'GET /api/ips/{ip}/stats',
    );
    expectNowhere(watched, KNOWN_IPS);
  });
});

test('a job: its turns and their calls belong to the request that posted it, across the queue', async () => {
  watched = await startWatched(withStorage());
  const { world } = watched;
  const [alertId = ''] = freshAlertIds(1);
  const accepted = await insist(() => world.enrich({ alertId }, '?mode=async', CALLER));
  expect((await answerOf(world.get, pathOf(accepted))).status).toBe(200);
  // The turn goes on after the answer is there, and is told of at its end.
  await logged(world.logs, '"job-worked"', '"ended"');
  await watched.end();
  const items = watched.of('RemoteDependencyData');
  const [parent] = new Set(items.map(({ tags }) => tags['ai.operation.parentId']));
  for (const name of ['GET /api/alerts/{id}/ips', 'job turn']) {
    const item = items.find(({ data }) => data.baseData.name === name);
    expect(item?.tags).toMatchObject({ 'ai.operation.id': TRACE_ID, 'ai.operation.parentId': parent });
    expect(item?.data.baseData.properties).toMatchObject(CALLER_PROPERTIES);
  }
  const turn = items.find(({ data }) => data.baseData.name === 'job turn');
  expect(turn?.data.baseData.properties).toMatchObject({
    jobId: accepted.json.enrichment.id,
    generation: '0',
    outcome: 'ended',
  });
  expect(watched.count('enrichment.job_age_ms', { outcome: 'ended' })).toBe(1);
});

test('a forward: each attempt belongs to the request that posted the alert, across the queue; a dead letter is an event and a metric; the receiver stands there by its name and host only', async () => {
  const receiver = await startReceiver();
  receiver.behave = () => (receiver.received.length === 1 ? 'error' : 'gone');
  const siem = { url: receiver.url, scheduleSeconds: [0, 0] };
  watched = await startWatched(withStorage({ FORWARD_DESTINATIONS: JSON.stringify({ siem }) }));
  const { world } = watched;
  const [alertId = ''] = freshAlertIds(1);
  const { delivery } = (await insist(() => world.enrich({ alertId }, '?forward=siem', CALLER))).json;
  expect((await endOfDelivery(world.get, delivery.id)).json.delivery.status).toBe('dead-lettered');
  await logged(world.logs, '"delivery-worked"', '"dead-lettered"');
  await watched.end();
  await receiver.close();
  for (const { headers } of receiver.received) expect(headers.traceparent).toContain(TRACE_ID);
  const attempts = watched
    .of('RemoteDependencyData')
    .filter(({ data }) => data.baseData.name === 'POST siem');
  expect(attempts.map(({ data }) => [data.baseData.resultCode, data.baseData.success])).toEqual([
    ['500', false],
    ['410', false],
  ]);
  for (const { tags, data } of attempts) {
    expect(tags['ai.operation.id']).toBe(TRACE_ID);
    expect(data.baseData.properties).toMatchObject({ deliveryId: delivery.id, destination: 'siem' });
  }
  expect(watched.count('enrichment.delivery_attempt_ms', { destination: 'siem' })).toBe(2);
  expect(watched.count('enrichment.dead_letters', { destination: 'siem' })).toBe(1);
  const events = watched
    .of('EventData')
    .filter(({ data }) => data.baseData.name === 'delivery-dead-lettered');
  expect(events.map(({ data }) => data.baseData.properties.detail)).toEqual([
    expect.stringContaining(delivery.id),
  ]);
  expectNowhere(watched, ['canary-path', 'canary-sig']);
});

test('metrics: calls, lookups, permits and tokens, each with its dimensions', async () => {
  const slot = { WEBSITE_SLOT_NAME: 'of-both' };
  const first = await startWatched(withStorage(slot));
  await first.world.enrich({ value: [{ alertId: KNOWN_ALERT }, { alertId: UNKNOWN_ALERT }] });
  await first.world.enrich({ alertId: KNOWN_ALERT });
  await first.end();
  expect(first.count('enrichment.upstream_call_ms')).toBe(2);
  expect(first.count('enrichment.upstream_call_ms', { outcome: 'answered' })).toBe(1);
  expect(first.count('enrichment.upstream_call_ms', { outcome: 'not-found' })).toBe(1);
  expect(first.count('enrichment.permit_wait_ms', { lane: 'interactive', outcome: 'granted' })).toBe(2);
  expect(first.count('enrichment.lookups', { of: 'alert', level: 'none' })).toBe(2);
  expect(first.count('enrichment.lookups', { of: 'alert', level: 'memory' })).toBe(1);
  expect(
    first.count('enrichment.token_refresh_ms', {
      outcome: 'refreshed',
      scope: `${first.world.audience}/.default`,
    }),
  ).toBe(1);
  // Another instance, which has the same account.
  watched = await startWatched(withStorage({ ...slot, DEFENDER_AUDIENCE: first.world.audience }));
  await watched.world.enrich({ alertId: KNOWN_ALERT });
  await watched.end();
  expect(watched.count('enrichment.lookups', { of: 'alert', level: 'shared' })).toBe(1);
  expect(watched.count('enrichment.upstream_call_ms')).toBe(0);
});

test('a permit that is not to be had in time is counted as refused', async () => {
  watched = await startWatched({ settings: { QUOTA_PER_HOUR: '1' } });
  const [first = '', second = ''] = freshAlertIds(2);
  await watched.world.enrich({ alertId: first });
  expect((await watched.world.enrich({ alertId: second })).status).toBe(429);
  await watched.end();
  expect(watched.count('enrichment.permit_wait_ms', { outcome: 'refused' })).toBe(1);
});

test('a token that is not to be had is counted by its kind of error', async () => {
  watched = await startWatched();
  watched.world.identity.intercept = (_request, response) => {
    response.writeHead(400).end('{"statusCode":400,"message":"no"}');
    return true;
  };
  expect((await watched.world.enrich({ alertId: KNOWN_ALERT })).status).toBe(502);
  await watched.end();
  expect(watched.count('enrichment.token_refresh_ms', { outcome: 'identity-refused' })).toBe(1);
  expect(watched.of('RemoteDependencyData')).toEqual([]);
});

test('nothing of a payload but the alert id, no token, no key, no address is sent', async () => {
  const functionKey = 'canary-function-key-31';
  watched = await startWatched({ ...withStorage(), functionKey });
  const { world } = watched;
  const key = {
    'x-functions-key': functionKey,
    'x-ms-workflow-name': `odd {${PAYLOAD_CANARY}}`,
    'x-ms-client-tracking-id': CALLER['x-ms-client-tracking-id'],
  };
  const payload = {
    alertId: KNOWN_ALERT,
    title: PAYLOAD_CANARY,
    evidence: [{ ipAddress: '203.0.113.77' }],
  };
  await world.enrich(payload, '?stats=true', key);
  await world.enrich(payload, `?code=${functionKey}&format=sentinel`);
  await world.enrich({ ...payload, alertId: `da637472900382838869_${PAYLOAD_CANARY}` }, '', key);
  await world.enrich(`{"broken": "${PAYLOAD_CANARY}"`, '', key);
  const accepted = await world.enrich({ ...payload, alertId: UNKNOWN_ALERT }, '?mode=async', key);
  const path = pathOf(accepted);
  await answerOf((each) => world.get(each), path);
  await world.get(`/api/alerts/${PAYLOAD_CANARY}/ips`, key);
  await watched.end();
  expect(watched.of('RemoteDependencyData').length).toBeGreaterThanOrEqual(3);
  expectNowhere(watched, [
    PAYLOAD_CANARY,
    functionKey,
    world.identity.header,
    '203.0.113.77',
    ...KNOWN_IPS,
    new URL(`http://host${path}`).searchParams.get('token') ?? '',
    /AccountKey=([^;]+)/.exec(stored.azurite.connectionString)?.[1] ?? '',
  ]);
});

test('nothing else is sent, and nothing is sent to anybody else', async () => {
  watched = await startWatched();
  const { world, ingestion } = watched;
  await world.enrich({ alertId: KNOWN_ALERT });
  await world.get('/api/health');
  await watched.end();
  const kinds = new Set(ingestion.items.map(({ data }) => data.baseType));
  expect([...kinds].sort()).toEqual(['MetricData', 'RemoteDependencyData']);
  expect(ingestion.items.every(({ sampleRate }) => sampleRate === 100)).toBe(true);
  expect(new Set(ingestion.requests.map(({ method, path }) => `${method} ${path}`))).toEqual(
    new Set(['POST /v2.1/track']),
  );
  const names = watched.of('MetricData').map(({ data }) => data.baseData.metrics?.[0]?.name);
  expect(names.every((name) => name?.startsWith('enrichment.'))).toBe(true);
});
