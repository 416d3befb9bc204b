import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { type IngestionEndpoint, startIngestionEndpoint } from '../../local/ingestion/endpoint.js';
import { systemClock as clock } from '../../shared/base/clock.js';
// Loaded before there is anything to send, as in watched.ts.
import '../../shared/telemetry/exporter.js';
import { consult } from '../doctor/consult.js';
import { AUTHORITY_TLS, trustLocalAuthority } from '../support/tls-fixtures.js';
import { startWorld, type World } from '../support/world.js';

let distrust: () => void;
beforeEach(() => {
  distrust = trustLocalAuthority();
});

let world: World;
let ingestion: IngestionEndpoint;
let isClosed = false;
const end = async () => {
  if (!isClosed) await world.close();
  isClosed = true;
};
afterEach(async () => {
  await end();
  await ingestion.close();
  distrust();
});

/** A world that sends telemetry as `authentication` says, to a component that takes it of `publisher` only. */
async function start(authentication: string, publisher: string, audience = 'https://monitor.azure.com') {
  isClosed = false;
  const isPublisher = (clientId: string | undefined) => clientId === publisher;
  ingestion = await startIngestionEndpoint({ clock, tls: AUTHORITY_TLS, entra: { audience, isPublisher } });
  const { APPLICATIONINSIGHTS_CONNECTION_STRING } = ingestion.settings;
  world = await startWorld({
    settings: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: `${APPLICATIONINSIGHTS_CONNECTION_STRING};AadAudience=${audience}`,
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: authentication,
    },
    secrets: [ingestion.instrumentationKey],
  });
}

const names = () => ingestion.items.map(({ data }) => data.baseData.metrics?.[0]?.name ?? data.baseData.name);
const reported = () => world.logs.filter(({ message }) => message.includes('"telemetry-'));

test.each(['https://monitor.azure.com', 'https://monitor.azure.us/'])(
  'telemetry is sent with a token of the identity that its own setting names, for %s',
  async (audience) => {
    const clientId = randomUUID();
    await start(`Authorization=AAD;ClientId=${clientId}`, clientId, audience);
    expect((await world.enrich({ alertId: KNOWN_ALERT })).status).toBe(200);
    await end();
    expect(names()).toEqual(expect.arrayContaining(['GET /api/alerts/{id}/ips', 'enrichment.lookups']));
    expect(reported()).toEqual([]);
    const asked = world.identity.requests.filter(({ resource }) => resource.startsWith('https://monitor'));
    expect(asked.map((request) => [request.resource, request.clientId])).toEqual([[audience, clientId]]);
  },
);

test('the role is missing: callers notice nothing, the log says so once and names the role', async () => {
  await start(`Authorization=AAD;ClientId=${randomUUID()}`, 'another');
  expect((await world.enrich({ alertId: KNOWN_ALERT })).status).toBe(200);
  await end();
  expect(ingestion.requests.length).toBeGreaterThan(0);
  expect(ingestion.items).toEqual([]);
  expect(reported()).toHaveLength(1);
  expect(reported()[0]?.message).toContain('Monitoring Metrics Publisher');
});

test('the identity endpoint gives no token for telemetry: callers notice nothing, and it is asked within reason', async () => {
  const clientId = randomUUID();
  await start(`Authorization=AAD;ClientId=${clientId}`, clientId);
  world.identity.intercept = (request, response) => {
    if (!request.url?.includes(clientId)) return false;
    response.writeHead(400).end('{"statusCode":400,"message":"no"}');
    return true;
  };
  expect((await world.enrich({ alertId: KNOWN_ALERT })).status).toBe(200);
  await end();
  expect(ingestion.items).toEqual([]);
  expect(world.identity.requests.filter((request) => request.clientId === clientId)).toHaveLength(1);
});

test('the doctor sends nothing but a batch without items, and says as whom', async () => {
  const clientId = randomUUID();
  await start(`Authorization=AAD;ClientId=${clientId}`, clientId);
  const told = (await consult(world)).of('telemetry');
  expect(told).toMatchObject({ status: 'ok', found: expect.stringContaining(clientId) });
  expect(ingestion.requests.map(({ body }) => body)).toEqual(['[]']);
});

test('the doctor names the missing role, and who needs it', async () => {
  const clientId = randomUUID();
  await start(`Authorization=AAD;ClientId=${clientId}`, 'another');
  const { status, of } = await consult(world);
  expect(status).toBe('warn');
  expect(of('telemetry').found).toContain('HTTP 403');
  expect(of('telemetry').fix).toMatch(
    new RegExp(`^az role assignment create --role "Monitoring Metrics Publisher" .*${clientId}`),
  );
});

test('the doctor says that telemetry wants a signed-in sender where none is named', async () => {
  await start('', 'another');
  const told = (await consult(world)).of('telemetry');
  expect(told.status).toBe('warn');
  expect(told.found).toContain('APPLICATIONINSIGHTS_AUTHENTICATION_STRING is not set');
  expect(told.fix).toContain(
    '"APPLICATIONINSIGHTS_AUTHENTICATION_STRING=Authorization=AAD;ClientId=CLIENT_ID"',
  );
  expect(told.fix).toContain('Monitoring Metrics Publisher');
});

test('the doctor names the setting of an identity that the app does not have', async () => {
  const clientId = randomUUID();
  await start(`Authorization=AAD;ClientId=${clientId}`, clientId);
  world.identity.intercept = (request, response) => {
    if (!request.url?.includes(clientId)) return false;
    response.writeHead(400).end('{"statusCode":400,"message":"no"}');
    return true;
  };
  const told = (await consult(world)).of('telemetry');
  expect(told).toMatchObject({ status: 'warn', found: expect.stringContaining(clientId) });
  expect(`${told.found} ${told.fix}`).not.toContain('AZURE_CLIENT_ID');
});
