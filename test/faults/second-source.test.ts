import { expect, test } from '@jest/globals';
import { EMPTY_ALERT, KNOWN_ALERT, KNOWN_IPS, UNKNOWN_ALERT } from '../../local/defender/alerts.js';
import { DEVICE, ipEvidence } from '../../local/graph/simulator.js';
import { OPENS_AFTER } from '../../shared/lookup/source-circuit.js';
import { SUSPECT_AFTER } from '../../shared/lookup/unknown-alerts.js';
import { alertIds } from '../support/alert-ids.js';
import { faultHarness } from '../support/fault-harness.js';
import { expectMendable, expectRetryLater } from '../support/problems.js';
import type { World } from '../support/world.js';
import { always, type Fault, first, ipsAnswer, upstreamError } from './answers.js';

const fire = faultHarness();
const BOTH = { IP_SOURCES: 'defender,graph' };
const OWN = ['192.168.5.65', 'fe80::cc52:8e7c:3a1f:9f21', '127.0.0.1', '::1', '198.51.100.77'];
/** Does not exist, and its name is looked up where the tests run; `.invalid` never resolves (RFC 6761). */
const NOWHERE = 'https://defender.invalid';

const html = (status: number): Fault => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html><h1>Gone fishing</h1></html>',
});

const enrich = async (world: World, payload: unknown, query = '') => {
  const answer = await fire.time.until(world.enrich(payload, query));
  const { status, json } = answer;
  return { answer, status, json, alert: json.enrichment?.alerts?.[0], ips: json.enrichment?.ips };
};

/** The ways in which Defender's route can end, and what Defender is asked by the time that it is known to be dead. */
const DEATHS: readonly (readonly [string, Fault | 'dns'])[] = [
  ['404 NotFound', upstreamError(404, 'NotFound')],
  ['404 HTML', html(404)],
  ['410', upstreamError(410, 'Gone')],
  ['403', upstreamError(403, 'Forbidden')],
  ['200 HTML', html(200)],
  ['a name that is not resolved', 'dns'],
];

test.each(DEATHS)(
  "Defender's route dies by %s, with Graph as second source → every alert answered, none falsely not_found, and no call to Defender any more",
  async (_how, fault) => {
    const world = await fire.startWorld({
      settings: { ...BOTH, ...(fault === 'dns' ? { DEFENDER_API_HOST: NOWHERE } : {}) },
    });
    if (fault !== 'dns') world.defender.intercept = always(fault);
    const ids = alertIds(30);
    for (const [n, id] of ids.entries()) {
      const before = world.defender.arrivals.length;
      const { status, alert } = await enrich(world, { alertId: id });
      expect({ status, alert: alert.status, incomplete: alert.incomplete }).toEqual({
        status: 200,
        alert: 'found',
      });
      // By then it is known: nobody waits for it.
      if (n >= OPENS_AFTER) expect(world.defender.arrivals).toHaveLength(before);
    }
    expect(world.graph.arrivals).toHaveLength(ids.length);
    // And an alert that Graph does not know either is not said to be unknown: Defender was not asked.
    const lost = await enrich(world, { alertId: UNKNOWN_ALERT });
    expect(lost.status).toBeGreaterThanOrEqual(500);
    expect(lost.json.detail).toContain('Microsoft Graph does not know this alert.');
    expect(world.graph.arrivals).toHaveLength(ids.length + 1);
  },
);

test('Defender comes back → one question a while finds it out, and it is asked first again', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.defender.intercept = always(html(404));
  const ids = alertIds(20);
  for (const id of ids.slice(0, OPENS_AFTER)) await enrich(world, { alertId: id });
  world.defender.intercept = undefined;
  const before = world.defender.arrivals.length;
  expect((await enrich(world, { alertId: ids[10] })).ips[0].sources).toEqual(['graph']);
  await fire.time.pass(31_000);
  expect((await enrich(world, { alertId: ids[11] })).ips[0].sources).toEqual(['defender']);
  expect((await enrich(world, { alertId: ids[12] })).ips[0].sources).toEqual(['defender']);
  expect(world.defender.arrivals).toHaveLength(before + 2);
});

test('Defender says once that it is gone for good → the next alert costs it no call', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.defender.intercept = always(upstreamError(410, 'Gone'));
  for (const id of alertIds(10)) expect((await enrich(world, { alertId: id })).alert.status).toBe('found');
  expect(world.defender.arrivals).toHaveLength(1);
});

test('a burst of 60 alerts meets a dead Defender → all answered by Graph, and at most two calls each', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.defender.intercept = always(html(404));
  const { json } = await enrich(
    world,
    alertIds(60).map((alertId) => ({ alertId })),
  );
  expect(json.enrichment.status).toBe('complete');
  expect(json.enrichment.alerts.every(({ status }: { status: string }) => status === 'found')).toBe(true);
  expect(world.defender.arrivals.length).toBeLessThanOrEqual(120);
  expect(world.graph.arrivals).toHaveLength(60);
});

test('Defender does not answer at all → Graph does in the time that is left, and soon at once', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.defender.intercept = () => true;
  for (const id of alertIds(OPENS_AFTER))
    expect((await enrich(world, { alertId: id })).alert.status).toBe('found');
  const before = world.defender.arrivals.length;
  expect((await enrich(world, { alertId: KNOWN_ALERT })).alert.status).toBe('found');
  expect(world.defender.arrivals).toHaveLength(before);
});

test('the quota for Defender is used up → Graph answers the rest, and both quotas are told', async () => {
  const world = await fire.startWorld({ settings: { ...BOTH, QUOTA_PER_MINUTE: '3' } });
  const { json } = await enrich(
    world,
    alertIds(10).map((alertId) => ({ alertId })),
  );
  expect(json.enrichment.status).toBe('complete');
  expect(world.defender.arrivals).toHaveLength(3);
  expect(world.graph.arrivals).toHaveLength(7);
  expect(json.enrichment.quota.minute).toEqual({ limit: 3, remaining: 0 });
  expect(json.enrichment.quotas).toMatchObject({
    defender: { minute: { limit: 3, remaining: 0 }, hour: { limit: 1500, remaining: 1497 } },
    graph: { minute: { limit: 150, remaining: 143 } },
  });
  expect(json.enrichment.quotas.graph.hour).toBeUndefined();
});

test('sources=first: what Defender knows, also that there are none, Graph is not asked about', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  const found = await enrich(world, { alertId: KNOWN_ALERT });
  expect(found.ips.map(({ address, sources }: never) => [address, sources])).toEqual(
    KNOWN_IPS.map((address) => [address, ['defender']]),
  );
  expect((await enrich(world, { alertId: EMPTY_ALERT })).alert.status).toBe('empty');
  expect(world.graph.arrivals).toEqual([]);
  // Both do not know it: so it is said, in Defender's plain sense.
  const { alert } = await enrich(world, { alertId: UNKNOWN_ALERT });
  expect(alert).toMatchObject({ status: 'not_found' });
  expect(alert.reason).toBeUndefined();
  expect([world.defender.arrivals.length, world.graph.arrivals.length]).toEqual([3, 1]);
});

test('what Defender does not know Graph is asked about', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.graph.alerts.set(UNKNOWN_ALERT, [DEVICE, ipEvidence('203.0.113.9')]);
  const { alert, ips, json } = await enrich(world, {
    id: UNKNOWN_ALERT,
    detectionSource: 'WindowsDefenderAtp',
  });
  expect(alert).toMatchObject({ status: 'found', ips: ['203.0.113.9'] });
  expect(ips).toMatchObject([{ address: '203.0.113.9', sources: ['graph'], alertIds: [UNKNOWN_ALERT] }]);
  expect(json.alert.relatedIps).toEqual(['203.0.113.9']);
});

test("sources=all: the union in both sources' order, the worst verdict first, each alert counted once, and no address of a device", async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.defender.intercept = always(ipsAnswer('23.203.232.1', '23.203.232.2', '10.0.0.1'));
  world.graph.alerts.set(KNOWN_ALERT, [
    DEVICE,
    ipEvidence('23.203.232.2', { verdict: 'malicious', roles: ['attacker'], countryLetterCode: 'NL' }),
    ipEvidence('23.203.232.3', { verdict: 'noThreatsFound' }),
  ]);
  const { ips, alert, json } = await enrich(
    world,
    { id: KNOWN_ALERT, detectionSource: 'WindowsDefenderAtp' },
    '?sources=all',
  );
  expect(ips).toMatchObject([
    {
      address: '23.203.232.2',
      sources: ['defender', 'graph'],
      alertIds: [KNOWN_ALERT],
      evidence: { verdict: 'malicious', roles: ['attacker'], country: 'NL' },
    },
    { address: '23.203.232.1', sources: ['defender'] },
    { address: '23.203.232.3', sources: ['graph'], evidence: { verdict: 'noThreatsFound' } },
    { address: '10.0.0.1', sources: ['defender'] },
  ]);
  expect(ips[1].evidence).toBeUndefined();
  expect(json.alert.relatedIps).toEqual(alert.ips);
  expect(alert.ips).toEqual(['23.203.232.2', '23.203.232.1', '23.203.232.3', '10.0.0.1']);
  for (const own of OWN) expect(JSON.stringify(json)).not.toContain(`"${own}"`);
  // Both answers are cached, each by its source.
  await enrich(world, { alertId: KNOWN_ALERT }, '?sources=all');
  expect([world.defender.arrivals.length, world.graph.arrivals.length]).toEqual([1, 1]);
});

test('with sources=all one source fails → the answer of the other, said to be incomplete, and asked again next time', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.graph.intercept = always(upstreamError(403, 'Forbidden'));
  const { alert } = await enrich(world, { alertId: KNOWN_ALERT }, '?sources=all');
  expect(alert).toMatchObject({ status: 'found', incomplete: true, ips: KNOWN_IPS });
  // Not known there and not told here is neither "not found" nor "none".
  const lost = await enrich(world, { alertId: UNKNOWN_ALERT }, '?sources=all');
  expectMendable(lost.answer, 502, 'source-refused');
  expect(lost.json.detail).toContain('SecurityAlert.Read.All');
  expect(lost.json.detail).toContain('Defender does not know this alert.');
  world.graph.intercept = undefined;
  const whole = await enrich(world, { alertId: KNOWN_ALERT }, '?sources=all');
  expect(whole.alert.incomplete).toBeUndefined();
  expect(whole.ips[0].sources).toEqual(['defender', 'graph']);
});

/** A 200 or 206 of Graph. */
const graphs = (status: number, evidence: readonly unknown[], headers = {}): Fault => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ id: KNOWN_ALERT, evidence }),
});

test.each([
  ['a 206', graphs(206, [ipEvidence('203.0.113.9')])],
  ['a warning', graphs(200, [ipEvidence('203.0.113.9')], { warning: '199 - "Vendor/Provider/504/1"' })],
])('Graph answers with %s → its addresses, said to be incomplete', async (_what, fault) => {
  const world = await fire.startWorld({ settings: { IP_SOURCES: 'graph' } });
  world.graph.intercept = always(fault);
  expect((await enrich(world, { alertId: KNOWN_ALERT })).alert).toMatchObject({
    status: 'found',
    ips: ['203.0.113.9'],
    incomplete: true,
  });
});

test('Graph answers with 5 MB of evidence → as many addresses as there may be, said to be incomplete', async () => {
  const world = await fire.startWorld({ settings: { IP_SOURCES: 'graph' } });
  const evidence = Array.from({ length: 30_000 }, (_, n) =>
    ipEvidence(`23.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, { padding: 'x'.repeat(30) }),
  );
  expect(JSON.stringify(evidence).length).toBeGreaterThan(5_000_000);
  world.graph.intercept = always(graphs(200, evidence));
  // Without the clock of the tests: while 5 MB are on their way it could pass the time that a call has.
  const { status, json } = await world.enrich({ alertId: KNOWN_ALERT });
  const [alert] = json.enrichment.alerts;
  expect({ status, count: alert.ips.length, incomplete: alert.incomplete }).toEqual({
    status: 200,
    count: 5_000,
    incomplete: true,
  });
});

test.each([
  ['HTML', html(200), 503, 'upstream-unavailable'],
  ['a 404 of anybody', html(404), 503, 'upstream-unavailable'],
  ['a 404 of its own for a route', upstreamError(404, 'BadRequest'), 503, 'upstream-unavailable'],
  ['a 503', upstreamError(503, 'ServiceUnavailable'), 503, 'upstream-unavailable'],
  ['a 410', upstreamError(410, 'Gone'), 502, 'source-retired'],
  ['a 403', upstreamError(403, 'Forbidden'), 502, 'source-refused'],
] as const)(
  'Graph alone answers with %s → a failure that names Graph, and never "no IPs"',
  async (_what, fault, status, kind) => {
    const world = await fire.startWorld({ settings: { IP_SOURCES: 'graph' } });
    world.graph.intercept = always(fault);
    const answer = await fire.time.until(world.enrich({ alertId: KNOWN_ALERT }));
    if (status === 503) expectRetryLater(answer, 503, kind);
    else expectMendable(answer, 502, kind);
    expect(answer.json.detail).toMatch(/Graph|http:\/\/127/);
    expect(answer.json.detail).not.toContain('DEFENDER_API_HOST');
    expect(world.defender.arrivals).toEqual([]);
  },
);

test('Graph alone does not know the alert → not_found that says how little that means', async () => {
  const world = await fire.startWorld({ settings: { IP_SOURCES: 'graph' } });
  const { alert, json } = await enrich(world, { alertId: UNKNOWN_ALERT });
  expect(alert).toMatchObject({ status: 'not_found', reason: expect.stringContaining('tuned') });
  expect(json.enrichment.quota.hour).toBeUndefined();
  expect(Object.keys(json.enrichment.quotas)).toEqual(['graph']);
});

test('Graph is asked by the id with letters first where a payload has a GUID without, and for unknown members', async () => {
  const world = await fire.startWorld({ settings: { IP_SOURCES: 'graph' } });
  const guid = 'c6a87bc6-0000-4000-8000-000000000000_1';
  let prefer: unknown;
  world.graph.intercept = ({ headers }) => {
    prefer = headers.prefer;
    return false;
  };
  expect((await enrich(world, { alertId: guid })).alert.status).toBe('found');
  expect(world.graph.arrivals.map(({ path }) => path)).toEqual([`/v1.0/security/alerts_v2/da${guid}`]);
  expect(prefer).toBe('include-unknown-enum-members');
  world.graph.alerts.set(`da${guid.replace('_1', '_2')}`, null);
  await enrich(world, { alertId: guid.replace('_1', '_2') });
  expect(world.graph.arrivals.at(-1)?.path).toBe(`/v1.0/security/alerts_v2/${guid.replace('_1', '_2')}`);
});

const OFFICE = `fa${'ab12cd34-0000-4000-8000-000000000000'}`;

test("another product's alert is looked up where Graph can be asked, and skipped where it cannot", async () => {
  const payload = { alertId: OFFICE, product: 'Microsoft Defender for Office 365' };
  const without = await fire.startWorld();
  expect((await enrich(without, payload)).alert).toMatchObject({ status: 'skipped' });
  const world = await fire.startWorld({ settings: BOTH });
  const { alert, json } = await enrich(world, payload);
  expect(alert).toMatchObject({ status: 'found', product: 'Microsoft Defender for Office 365' });
  expect(json.alert.relatedIps).toEqual(alert.ips);
  // Defender cannot be asked about it, and is none the worse for it.
  expect(world.defender.arrivals).toEqual([]);
  expect((await enrich(world, { alertId: KNOWN_ALERT })).ips[0].sources).toEqual(['defender']);
});

test('with Defender alone everything is as it was: no quotas by name, and Graph is not there', async () => {
  const world = await fire.startWorld();
  const { json } = await enrich(world, { alertId: KNOWN_ALERT }, '?sources=all');
  expect(json.enrichment.quotas).toBeUndefined();
  expect(json.enrichment.ips[0]).not.toHaveProperty('evidence');
  expect(world.identity.requests.map(({ resource }) => resource)).toEqual([world.audience]);
});

test('one 429 of Defender with a long wait leads to Graph at once', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.defender.intercept = first(upstreamError(429, 'TooManyRequests', { 'retry-after': '600' }));
  expect((await enrich(world, { alertId: KNOWN_ALERT })).ips[0].sources).toEqual(['graph']);
  expect((await enrich(world, { alertId: EMPTY_ALERT })).alert.status).toBe('empty');
  expect(world.defender.arrivals).toHaveLength(1);
});

test('the path of the upstream is answered by whoever can', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.defender.intercept = always(html(404));
  const { json } = await fire.time.until(world.get(`/api/alerts/${KNOWN_ALERT}/ips`));
  expect(json.value).toEqual(KNOWN_IPS.map((id) => ({ id })));
});

test('the path of the upstream says what it means that Graph alone does not know an alert', async () => {
  const world = await fire.startWorld({ settings: { IP_SOURCES: 'graph' } });
  const { status, json } = await fire.time.until(world.get(`/api/alerts/${UNKNOWN_ALERT}/ips`));
  expect({ status, code: json.error.code }).toEqual({ status: 404, code: 'ResourceNotFound' });
  expect(json.error.message).toContain('tuned');
});

test("in the middle of bursts Defender's route dies in one way after the other, and comes back between → every alert answered, none falsely not_found, and no call beyond either limit", async () => {
  const world = await fire.startWorld({ settings: BOTH });
  const ids = alertIds(320);
  let at = 0;
  const burst = async () => {
    const some = ids.slice(at, at + 20);
    at += 20;
    const sent = some.map((alertId) => fire.time.until(world.enrich({ alertId })));
    return (await Promise.all(sent)).map(({ json }) => json.enrichment?.alerts?.[0]?.status);
  };
  const statuses: string[] = [];
  for (const [, fault] of DEATHS) {
    if (fault !== 'dns') {
      let left = 7; // dies in the middle of the burst
      const dead = always(fault);
      world.defender.intercept = (request, response) => (left-- > 0 ? false : dead(request, response));
    }
    statuses.push(...(await burst()), ...(await burst()));
    world.defender.intercept = undefined;
    await fire.time.pass(301_000);
  }
  expect(statuses).toHaveLength(240);
  expect(statuses.filter((status) => status !== 'found')).toEqual([]);
  expect(world.defender.arrivals.filter(({ status }) => status === 429)).toEqual([]);
  expect(world.graph.arrivals.filter(({ status }) => status === 429)).toEqual([]);
  // It is asked again once it is back.
  const last = await enrich(world, { alertId: ids.at(-1) });
  expect(last.ips[0].sources).toEqual(['defender']);
});

test('a burst meets a Defender that has been left alone for a while and is still dead → one of its alerts tries it, the others wait for nothing', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.defender.intercept = always(html(404));
  for (const alertId of alertIds(OPENS_AFTER)) await enrich(world, { alertId });
  await fire.time.pass(31_000);
  const before = world.defender.arrivals.length;
  const burst = alertIds(20, 2_000_000).map((alertId) => ({ alertId }));
  const { json } = await enrich(world, burst);
  expect(json.enrichment.status).toBe('complete');
  expect(world.defender.arrivals).toHaveLength(before + 1);
});

test('both sources are dead, and come back → they are asked at once, since there is nobody else', async () => {
  const world = await fire.startWorld({ settings: BOTH });
  world.defender.intercept = always(html(404));
  world.graph.intercept = always(html(404));
  for (const alertId of alertIds(OPENS_AFTER + 1)) {
    expectRetryLater((await enrich(world, { alertId })).answer, 503, 'upstream-unavailable');
  }
  world.defender.intercept = undefined;
  expect((await enrich(world, { alertId: KNOWN_ALERT })).ips[0].sources).toEqual(['defender']);
});

test.each([
  ['defender', 'graph,defender', 0],
  ['defender', 'defender,graph', 1],
])(
  'that %s does not know many alerts in a row is a sign only where it is asked first: IP_SOURCES=%s',
  async (_source, IP_SOURCES, warnings) => {
    const world = await fire.startWorld({ settings: { IP_SOURCES } });
    const ids = alertIds(SUSPECT_AFTER);
    for (const id of ids) {
      world.defender.alerts.set(id, null);
      world.graph.alerts.set(id, null);
    }
    const { json } = await enrich(
      world,
      ids.map((alertId) => ({ alertId })),
    );
    expect(json.enrichment.warnings ?? []).toHaveLength(warnings);
    expect(world.logs.filter(({ message }) => message.includes('source-suspect'))).toHaveLength(warnings);
  },
);
