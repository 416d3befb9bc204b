import { afterEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { startIngestionEndpoint } from '../../local/ingestion/endpoint.js';
import { systemClock } from '../../shared/clock.js';
import { startDelegatedWorld } from '../support/delegated-world.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

let world: Pick<World, 'close' | 'get' | 'defender' | 'enrich' | 'identity'>;
afterEach(() => world.close());

const ALERT = { alertId: KNOWN_ALERT };

describe('quota', () => {
  test('what is used', async () => {
    world = await startWorld();
    await world.enrich(ALERT);
    expect((await consult(world)).of('quota')).toMatchObject({
      status: 'ok',
      found: '1 of 100 calls of this minute and 1 of 1500 of this hour are used.',
    });
  });

  test("that of users is the registration's, and told apart", async () => {
    const delegated = await startDelegatedWorld();
    world = delegated;
    await delegated.enrichAs(delegated.authority.signIn('ann'), ALERT);
    const told = (await consult(world)).answer.json.checks.filter(
      ({ name }: { name: string }) => name === 'quota',
    );
    expect(told).toMatchObject([
      { status: 'ok', found: expect.stringMatching(/^0 of 100/) },
      { status: 'ok', found: expect.stringMatching(/^On behalf of users: 1 of 100/) },
    ]);
  });

  test('nearly all of the hour', async () => {
    world = await startWorld({ settings: { QUOTA_PER_HOUR: '1' } });
    await world.enrich(ALERT);
    expect((await consult(world)).of('quota').status).toBe('warn');
  });

  test('paused by Defender, and until when', async () => {
    world = await startWorld();
    world.defender.intercept = (_request, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    await world.enrich(ALERT);
    const { status, found } = (await consult(world)).of('quota');
    expect(status).toBe('warn');
    const until = /pause until (\S+Z)/.exec(found)?.[1] ?? '';
    expect(Math.abs(Date.parse(until) - Date.now() - 3_600_000)).toBeLessThan(30_000);
    // The same moment in the answer that is refused for it.
    world.defender.intercept = undefined;
    const { json } = await world.enrich(ALERT, '?onFailure=degrade');
    expect(json.enrichment.quota.pausedUntil).toMatch(/Z$/);
  });
});

describe('clock', () => {
  test.each([
    [10, 'ok', 'behind'],
    [120, 'warn', 'behind'],
    [-120, 'warn', 'ahead of'],
    [600, 'fail', 'behind'],
  ])('Defender is %d s ahead: %s', async (seconds, status, told) => {
    world = await startWorld();
    world.defender.intercept = (_request, response) => {
      response.setHeader('date', new Date(Date.now() + seconds * 1000).toUTCString());
      response.end('{"value":[]}');
      return true;
    };
    // The last answer to anyone will do: the doctor need not ask.
    await world.enrich(ALERT);
    const clock = (await consult(world)).of('clock');
    expect(clock).toMatchObject({ status, found: expect.stringContaining(told) });
    // As far off as its answer was on its way.
    expect(Math.abs(Number(/is (\d+) s/.exec(clock.found)?.[1]) - Math.abs(seconds))).toBeLessThanOrEqual(9);
  });
});

describe('delegation', () => {
  test('Entra takes the identity for the registration: shown without any user', async () => {
    const delegated = await startDelegatedWorld();
    world = delegated;
    const { of } = await consult(world);
    expect(of('delegation')).toMatchObject({
      status: 'ok',
      found: expect.stringContaining(delegated.clientId),
    });
    expect(delegated.authority.requests).toMatchObject([{ grant: 'client_credentials' }]);
  });

  test('the federated credential names another identity', async () => {
    world = await startDelegatedWorld({
      settings: { AZURE_CLIENT_ID: '66666666-6666-4666-8666-666666666666' },
    });
    expect((await consult(world)).of('delegation')).toMatchObject({
      status: 'fail',
      found: expect.stringContaining('AADSTS700213'),
      fix: expect.stringMatching(/^az ad app federated-credential list/),
    });
  });

  test('the identity gives no token for the exchange', async () => {
    world = await startDelegatedWorld();
    world.identity.intercept = (request, response) => {
      if (!request.url?.includes('AzureADTokenExchange')) return false;
      response.writeHead(400).end('{"statusCode":400,"message":"no"}');
      return true;
    };
    const { of } = await consult(world);
    expect(of('identity').status).toBe('ok');
    expect(of('delegation')).toMatchObject({ status: 'fail', found: expect.stringContaining('identity') });
    expect(of('delegation').fix).toBeUndefined(); // no list of credentials mends that
  });
});

describe('telemetry', () => {
  const KEY = '00000000-1111-4222-8333-444444444444';
  const to = (endpoint: string) => ({
    settings: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=${KEY};IngestionEndpoint=${endpoint}`,
    },
    secrets: [KEY],
  });

  test('is off: a warning, no failure', async () => {
    world = await startWorld();
    const { status, of } = await consult(world);
    expect(status).toBe('warn');
    expect(of('telemetry').fix).toContain('APPLICATIONINSIGHTS_CONNECTION_STRING=CONNECTION_STRING');
  });

  test('goes to an endpoint that cannot be reached: a warning that names it and why', async () => {
    world = await startWorld(to('http://127.0.0.1:9/'));
    const { status, of } = await consult(world);
    expect(status).toBe('warn');
    expect(of('telemetry').found).toContain(
      '127.0.0.1:9 of APPLICATIONINSIGHTS_CONNECTION_STRING cannot be reached (ECONNREFUSED)',
    );
    expect(of('telemetry').fix).toContain('127.0.0.1:9');
  });

  test('goes to an endpoint that speaks no TLS: a warning', async () => {
    const ingestion = await startIngestionEndpoint({ clock: systemClock });
    world = await startWorld(to(ingestion.url.replace('http:', 'https:')));
    expect((await consult(world)).of('telemetry')).toMatchObject({
      status: 'warn',
      found: expect.stringContaining('cannot be reached'),
    });
    await ingestion.close();
  });
});
