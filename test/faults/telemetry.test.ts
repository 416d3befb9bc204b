import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { expect, test } from '@jest/globals';
import { startIngestionEndpoint } from '../../local/ingestion/endpoint.js';
import type { Intercept } from '../../local/intercept.js';
import { systemClock } from '../../shared/base/clock.js';
import { faultHarness } from '../support/fault-harness.js';
import { ALERT, PATH } from './payloads.js';

const fire = faultHarness();

/** Long enough that all has been sent, or given up. */
const MINUTES_MS = 180_000;
const HOUR_MS = 3_600_000;

/** Asks with telemetry that goes there, or without any; time goes on until it would have been sent. */
async function ask(settings: Record<string, string>, secrets: string[] = []) {
  const world = await fire.startWorld({ settings, secrets });
  const began = world.clock.monotonicMs();
  const { status, json } = await fire.time.until(world.enrich(ALERT));
  const ips = await fire.time.until(world.get(PATH));
  expect(world.clock.monotonicMs() - began).toBeLessThan(100);
  await fire.time.pass(MINUTES_MS);
  expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
  await fire.time.pass(MINUTES_MS);
  expect(world.logs.filter(({ level }) => ['warning', 'error', 'critical'].includes(level))).toEqual([]);
  const { ips: related, alerts } = json.enrichment;
  return { status, alert: json.alert, related, alerts, ips: ips.json.value, ipsStatus: ips.status };
}

// First in this file: what the library would do by itself it would do with its first client.
test('what happens long after the first answer is sent within minutes, and nothing is sent at idle', async () => {
  const ingestion = await fire.keep(startIngestionEndpoint({ clock: systemClock }));
  const world = await fire.startWorld({ settings: ingestion.settings });
  const own = new Set(
    [world.host.url, world.defender.url, world.identity.url].map((url) => new URL(url).host),
  );
  const asked = new Set<string>();
  const note = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    asked.add(String(request.getHeader('host')));
  };
  subscribe('http.client.request.start', note);
  await fire.time.until(world.get('/api/health'));
  await fire.time.pass(MINUTES_MS);
  expect(ingestion.items).toEqual([]); // nothing to tell, nothing sent
  await fire.time.until(world.enrich(ALERT));
  await fire.time.pass(MINUTES_MS);
  const names = ingestion.items.map(({ data }) => data.baseData.metrics?.[0]?.name ?? data.baseData.name);
  expect(names).toEqual(expect.arrayContaining(['GET /api/alerts/{id}/ips', 'enrichment.upstream_call_ms']));
  const sent = ingestion.requests.length;
  await fire.time.pass(HOUR_MS);
  unsubscribe('http.client.request.start', note);
  expect(ingestion.requests).toHaveLength(sent); // quiet at idle
  // Neither does the library report on itself, or ask anybody anything.
  const { host } = new URL(ingestion.url);
  expect(new Set(ingestion.requests.map(({ path }) => path))).toEqual(new Set(['/v2.1/track']));
  expect([...asked].filter((each) => !own.has(each))).toEqual([host]);
});

test('telemetry configured and its endpoint dead → callers get what they get without it, as fast', async () => {
  const without = await ask({});
  expect(without).toMatchObject({ status: 200, ipsStatus: 200 });
  const key = '00000000-1111-4222-8333-444444444444';
  const dead = {
    APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${key};IngestionEndpoint=http://127.0.0.1:9/`,
  };
  expect(await ask(dead, [key])).toEqual(without);
});

/** Says that the test has answered, or never will. */
const then = (_done: unknown) => true;

const FAULTS: readonly (readonly [how: string, Intercept])[] = [
  ['answers 500', (_request, response) => then(response.writeHead(500).end())],
  ['refuses the key', (_request, response) => then(response.writeHead(400).end('{"errors":[]}'))],
  ['cuts the connection', (_request, response) => then(response.destroy())],
  ['never answers', () => true],
  ['answers nonsense', (_request, response) => then(response.writeHead(200).end('<html>'))],
];

test.each(FAULTS)(
  'telemetry goes to an endpoint that %s: callers get what they get without it',
  async (_how, fault) => {
    const without = await ask({});
    const ingestion = await fire.keep(startIngestionEndpoint({ clock: systemClock }));
    ingestion.intercept = fault;
    expect(await ask(ingestion.settings, [ingestion.instrumentationKey])).toEqual(without);
    expect(ingestion.requests.length).toBeGreaterThan(0);
  },
);
