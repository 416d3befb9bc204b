import { expect, test } from '@jest/globals';
import { KNOWN_ALERT, UNKNOWN_ALERT } from '../../local/defender/alerts.js';
import { SUSPECT_AFTER } from '../../shared/lookup/unknown-alerts.js';
import { consult } from '../doctor/consult.js';
import { alertIds } from '../support/alert-ids.js';
import { faultHarness } from '../support/fault-harness.js';
import { expectMendable, expectRetryLater } from '../support/problems.js';
import { always, type Fault, first, upstreamError } from './answers.js';
import { ALERT, IPS, PATH } from './payloads.js';

const fire = faultHarness();
const POSTED = { ...ALERT, relatedIps: ['203.0.113.7'] };

const page = (body: string, contentType = 'application/json'): Fault => ({
  status: 200,
  headers: { 'content-type': contentType },
  body,
});
const html = (status: number): Fault => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html><h1>Not Found</h1></html>',
});
const json404 = (body: string, headers = {}): Fault => ({
  status: 404,
  headers: { 'content-type': 'application/json', ...headers },
  body,
});

/** Answers that say "unknown" or "nothing" and are not Defender's word for it. */
const FOREIGN: readonly (readonly [string, Fault])[] = [
  ["a proxy's 404 page", html(404)],
  ["a gateway's JSON", json404('{ "statusCode": 404, "message": "Resource not found" }')],
  ["another gateway's JSON", json404('{"message":"no Route matched with those values"}')],
  ["the API's general word", upstreamError(404, 'NotFound')],
  ['an empty body', { status: 404 }],
  ['a 404 that is cut', json404('{"error":{"code":"ResourceNotFound"')],
  ['a 404 with Retry-After', json404('{}', { 'retry-after': '1' })],
  ['an empty list with an error', page('{"value":[],"error":{"code":"InternalServerError"}}')],
  ['an empty list of machines', page('{"@odata.context":"https://x/$metadata#Machines","value":[]}')],
  ['an empty list as text/html', page('{"value":[]}', 'text/html')],
];

test.each(FOREIGN)(
  '%s where Defender was asked about an alert → a failure, asked again once, not cached, and posted relatedIps stay',
  async (_what, fault) => {
    const world = await fire.startWorld();
    world.defender.intercept = always(fault);
    expectRetryLater(await fire.time.until(world.enrich(POSTED)), 503, 'upstream-unavailable');
    expect(world.asked()).toHaveLength(2);
    const { json } = await fire.time.until(world.enrich(POSTED, '?onFailure=degrade'));
    expect(json.enrichment.alerts[0].status).toBe('failed');
    expect(json.alert).toEqual(POSTED);
    // And nothing of it is the next one's answer.
    world.defender.intercept = undefined;
    expect((await fire.time.until(world.enrich(ALERT))).json.alert.relatedIps).toEqual(IPS);
    // The doctor does not take it for Defender's word either.
    world.defender.intercept = always(fault);
    const doctor = await fire.time.until(consult(world, `?probe=${KNOWN_ALERT}`));
    expect(doctor.of('defender').status).toBe('fail');
  },
);

test.each([html(404), upstreamError(404, 'NotFound'), { status: 404 }])(
  'a 404 of somebody else where statistics were asked for → none for that address, never a prevalence of 0',
  async (fault) => {
    const world = await fire.startWorld();
    world.defender.intercept = (request, response) =>
      request.url?.includes('/stats') ? always(fault)(request, response) : false;
    const { status, json } = await fire.time.until(world.enrich(ALERT, '?stats=true'));
    expect(status).toBe(200);
    expect(json.enrichment.stats.status).toBe('partial');
    expect(json.enrichment.ips).toHaveLength(IPS.length);
    for (const ip of json.enrichment.ips) expect(ip).not.toHaveProperty('stats');
  },
);

test("Defender's own 404 for the second page → a failure, not cached, and the addresses of the first page are not given out as all", async () => {
  const world = await fire.startWorld();
  const second = `${world.defender.url}${PATH}?$skiptoken=2`;
  const firstPage = page(JSON.stringify({ value: [{ id: '192.0.2.1' }], '@odata.nextLink': second }));
  world.defender.intercept = first(firstPage, upstreamError(404, 'ResourceNotFound'));
  expectRetryLater(await fire.time.until(world.enrich(POSTED)), 503, 'upstream-unavailable');
  expect((await fire.time.until(world.enrich(ALERT))).json.alert.relatedIps).toEqual(IPS);
});

test('410 → at once 502 that says that the API is gone', async () => {
  const world = await fire.startWorld();
  world.defender.intercept = always(upstreamError(410, 'Gone'));
  expectMendable(await fire.time.until(world.enrich(ALERT)), 502, 'source-retired');
  expect(world.asked()).toHaveLength(1);
});

test('every alert is unknown to Defender, in its own words → the doctor, the log and the answers say that the source is suspect, until one is known', async () => {
  const world = await fire.startWorld();
  const ids = alertIds(SUSPECT_AFTER);
  for (const id of ids) world.defender.alerts.set(id, null);
  expect((await fire.time.until(consult(world))).of('defender').status).toBe('ok');
  await fire.time.until(world.enrich({ alertIds: ids }));
  const warned = await fire.time.until(world.enrich({ alertIds: ids }));
  expect(warned.json.enrichment.warnings).toMatchObject([{ kind: 'source-suspect' }]);
  const reported = () => world.logs.filter(({ message }) => message.includes('source-suspect'));
  expect(reported()).toHaveLength(1);
  const suspected = await fire.time.until(consult(world));
  expect(suspected.answer.json.summary).not.toContain('works'); // although it was answered
  expect(suspected.of('defender')).toMatchObject({
    status: 'warn',
    found: expect.stringMatching(/DEFENDER_CLOUD.*probe=/),
  });
  // A probe about an unknown alert is ok by itself; the warning stays beside it.
  const probed = await fire.time.until(consult(world, `?probe=${UNKNOWN_ALERT}`));
  expect(probed.status).toBe('warn');
  const known = await fire.time.until(world.enrich(ALERT));
  expect(known.json.enrichment).not.toHaveProperty('warnings');
  expect((await fire.time.until(consult(world))).of('defender').status).toBe('ok');
  expect(reported()).toHaveLength(1);
});
