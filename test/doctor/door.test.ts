import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT, UNKNOWN_ALERT } from '../../local/defender/alerts.js';
import { type IngestionEndpoint, startIngestionEndpoint } from '../../local/ingestion/endpoint.js';
import { systemClock } from '../../shared/base/clock.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

let world: World;
afterEach(() => world.close());

let ingestion: IngestionEndpoint;
beforeAll(async () => {
  ingestion = await startIngestionEndpoint({ clock: systemClock });
});
afterAll(() => ingestion.close());

describe('GET /api/doctor', () => {
  test('of a healthy app: every check is ok, but Defender is not asked, so nothing says that it works', async () => {
    world = await startWorld({ settings: ingestion.settings, secrets: [ingestion.instrumentationKey] });
    const { answer, status, names, bad } = await consult(world);
    expect(answer.status).toBe(200);
    expect({ status, bad }).toEqual({ status: 'ok', bad: [] });
    // One that has nothing to look at says nothing; nothing is stored here, and nothing forwarded.
    expect(names).toEqual(
      expect.arrayContaining(['settings', 'permission', 'defender', 'quota', 'telemetry']),
    );
    expect(new Set(names).size).toBe(names.length);
    expect(answer.json).toMatchObject({ version: expect.any(String), asOf: expect.stringMatching(/Z$/) });
    expect(world.asked()).toEqual([]);
    expect(world.identity.requests).toHaveLength(1);
    expect(answer.json.summary).toMatch(
      /^Nothing is wrong that can be seen without asking Defender.*&probe=ALERT_ID/,
    );
    expect(answer.json.summary).not.toMatch(/works|well/);
    expect(answer.json.checks.find(({ name }: { name: string }) => name === 'defender').found).toContain(
      'Not asked',
    );
  });

  test('as text: a line for each check, what fixes it below, and a summary', async () => {
    world = await startWorld({ identity: { roles: [] } });
    const { headers, text } = await world.get('/api/doctor?format=text');
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text).toMatch(/^ok {4}identity {6}Signed in as the system-assigned identity/m);
    expect(text).toMatch(/^fail {2}permission {4}The token of application .*\n {20}→ az rest --method POST/m);
    expect(text).toContain('Something does not work. Fix the first failure');
  });

  test('wants the key, and knows its parameters', async () => {
    world = await startWorld({ functionKey: 'key-12345678' });
    expect((await world.get('/api/doctor')).status).toBe(401);
    const ask = (query: string) => world.get(`/api/doctor?code=key-12345678${query}`);
    expect((await ask('')).status).toBe(200);
    for (const [query, told] of [
      ['&verbose=1', 'format, probe'],
      ['&format=xml', 'json, text'],
      ['&probe=..%2Fmachines', 'probe'],
      ['&probe=', 'probe'],
      ['&format=json&format=text', 'The option "format" may be given only once.'],
    ] as const) {
      const { status, json } = await ask(query);
      expect(status).toBe(400);
      expect(json.detail).toContain(told);
    }
    expect(world.asked()).toEqual([]);
  });

  test('with wrong settings it is the one endpoint that answers 200, with all of them', async () => {
    world = await startWorld({
      settings: { DEFENDER_CLOUD: 'cirrus', QUOTA_PER_HOUR: 'plenty', DELEGATED_CLIENT_ID: 'x' },
    });
    const { answer, status } = await consult(world);
    expect(answer.status).toBe(200);
    expect(status).toBe('fail');
    const told = answer.json.checks.map(
      ({ name, found }: { name: string; found: string }) => `${name} ${found}`,
    );
    expect(told).toEqual(
      expect.arrayContaining([
        expect.stringContaining('settings DEFENDER_CLOUD must be one of commercial'),
        expect.stringContaining('settings QUOTA_PER_HOUR must be a whole number'),
        expect.stringContaining('settings DELEGATED_CLIENT_ID must be the client id'),
      ]),
    );
    expect(answer.json.checks[0].fix).toMatch(/^az functionapp config appsettings set .*DEFENDER_CLOUD=/);
    expect(answer.text).not.toMatch(/cirrus|plenty/);
    expect((await world.get('/api/health')).status).toBe(503);
  });
});

describe('probe=ALERTID makes one call', () => {
  test('200: how many addresses', async () => {
    world = await startWorld();
    const { of } = await consult(world, `?probe=${KNOWN_ALERT}`);
    expect(of('defender')).toMatchObject({ status: 'ok', found: expect.stringContaining('2 addresses') });
    expect(of('clock').found).toMatch(/clock is 0 s/);
    expect(world.asked()).toEqual([`/api/alerts/${KNOWN_ALERT}/ips`]);
  });

  test("the address of an alert's page in the portal will do", async () => {
    world = await startWorld();
    const link = encodeURIComponent(`https://security.microsoft.com/alerts/${KNOWN_ALERT}?tid=x`);
    const { of, answer } = await consult(world, `?probe=${link}`);
    expect(of('defender').status).toBe('ok');
    expect(answer.json.summary).toContain('Defender answered');
    expect(world.asked()).toEqual([`/api/alerts/${KNOWN_ALERT}/ips`]);
  });

  test('404 is good news: everything before it is right', async () => {
    world = await startWorld();
    const { of } = await consult(world, `?probe=${UNKNOWN_ALERT}`);
    expect(of('defender')).toMatchObject({ status: 'ok', found: expect.stringContaining('404') });
  });

  test.each([
    [401, 'Unauthorized', 'DEFENDER_AUDIENCE'],
    [403, 'Forbidden', 'Ip.Read.All'],
    [503, 'InternalServerError', 'HTTP 503'],
    [200, '<html>', 'no JSON'],
  ])('%d: the same sentence as anywhere, and no second call', async (status, code, told) => {
    world = await startWorld();
    world.defender.intercept = (_request, response) => {
      response.writeHead(status).end(status === 200 ? code : `{"error":{"code":"${code}","message":"m"}}`);
      return true;
    };
    const { of } = await consult(world, `?probe=${KNOWN_ALERT}`);
    expect(of('defender')).toMatchObject({ status: 'fail', found: expect.stringContaining(told) });
    expect(world.asked()).toHaveLength(1);
  });

  test('429: the pause that Defender asks for holds for everybody', async () => {
    world = await startWorld();
    world.defender.intercept = (_request, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    expect((await consult(world, `?probe=${KNOWN_ALERT}`)).of('defender').found).toContain('429');
    expect((await world.enrich({ alertId: KNOWN_ALERT })).status).toBe(429);
    expect(world.asked()).toHaveLength(1);
  });

  test('is charged to the quota, and not made without a permit', async () => {
    world = await startWorld({ settings: { QUOTA_PER_MINUTE: '1' } });
    await consult(world, `?probe=${KNOWN_ALERT}`);
    const { of } = await consult(world, `?probe=${KNOWN_ALERT}`);
    expect(of('defender')).toMatchObject({
      status: 'warn',
      found: expect.stringMatching(/not asked\. The call limit of Defender is reached/),
    });
    expect(world.asked()).toHaveLength(1);
  });
});
