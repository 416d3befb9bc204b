import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EMPTY_ALERT, KNOWN_ALERT, KNOWN_IPS, UNKNOWN_ALERT } from '../../local/defender/alerts.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
afterEach(() => world.close());

const ALERT = {
  id: KNOWN_ALERT,
  machineId: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
  detectionSource: 'WindowsDefenderAtp',
  title: 'Suspicious connection',
};
const OTHER_ALERT = 'da637472900382838869_77';

describe('an alert goes in and comes back with its IPs', () => {
  beforeEach(async () => {
    world = await startWorld();
  });

  test('the answer is the alert as posted, its IPs, and what became of it', async () => {
    const { status, headers, json } = await world.enrich(ALERT);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(json).toEqual({
      alert: { ...ALERT, relatedIps: KNOWN_IPS },
      enrichment: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        status: 'complete',
        counts: { total: 2, public: 2, private: 0, other: 0 },
        ips: KNOWN_IPS.map((address) => ({
          address,
          version: 4,
          scope: 'public',
          sources: ['defender'],
          alertIds: [KNOWN_ALERT],
        })),
        alerts: [
          {
            alertId: KNOWN_ALERT,
            status: 'found',
            shape: 'mde-alert',
            pointer: '',
            ips: KNOWN_IPS,
            ageSeconds: 0,
          },
        ],
        quota: {
          asOf: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
          minute: { limit: 100, remaining: 99 },
          hour: { limit: 1500, remaining: 1499 },
        },
      },
    });
    expect(world.asked()).toEqual([`/api/alerts/${KNOWN_ALERT}/ips`]);
  });

  test('what was posted comes back to the character, with relatedIps in it', async () => {
    const posted = `{ "machineId":"m", "detectionSource" : "x", "n": 12345678901234567890, "e":1e5,\n "__proto__":{"a":1}, "u":"\\u00e9\\ud800", "id": "${KNOWN_ALERT}" }`;
    const { text } = await world.enrich(posted);
    const spliced = posted.replace(/ \}$/, `,"relatedIps":${JSON.stringify(KNOWN_IPS)} }`);
    expect(text.startsWith(`{"alert":${spliced},"enrichment":{`)).toBe(true);
  });

  test('an enriched alert posted again has its IPs replaced, not nested', async () => {
    const first = await world.enrich({ ...ALERT, relatedIps: ['192.0.2.1'] });
    const second = await world.enrich(first.json.alert);
    expect(second.json.alert).toEqual({ ...ALERT, relatedIps: KNOWN_IPS });
    expect(second.json.alert).toEqual(first.json.alert);
  });

  test('so has a whole answer posted again', async () => {
    const first = await world.enrich(ALERT);
    const second = await world.enrich(first.text);
    expect(second.json.alert).toEqual(first.json.alert);
    expect(second.json.enrichment.alerts).toMatchObject([{ alertId: KNOWN_ALERT, status: 'found' }]);
  });

  test('an alert without IPs is empty, an unknown one not_found; both are answers', async () => {
    const { status, json } = await world.enrich({ alertIds: [EMPTY_ALERT, UNKNOWN_ALERT] });
    expect(status).toBe(200);
    expect(json.enrichment.status).toBe('complete');
    expect(json.enrichment.alerts).toMatchObject([
      { alertId: EMPTY_ALERT, status: 'empty', ips: [] },
      { alertId: UNKNOWN_ALERT, status: 'not_found', ips: [] },
    ]);
  });

  test('format=ips answers the addresses alone', async () => {
    const { status, json } = await world.enrich(ALERT, '?format=ips');
    expect(status).toBe(200);
    expect(json).toEqual({
      ips: KNOWN_IPS,
      status: 'complete',
      alerts: [{ alertId: KNOWN_ALERT, status: 'found', ips: KNOWN_IPS }],
    });
  });

  test("the caller's request id is echoed, on problems too", async () => {
    const id = { 'x-ms-client-request-id': 'run-42' };
    expect((await world.enrich(ALERT, '', id)).headers['x-ms-client-request-id']).toBe('run-42');
    expect((await world.enrich('nonsense', '', id)).headers['x-ms-client-request-id']).toBe('run-42');
  });

  test("a list with another product's alert: that one is skipped at no cost", async () => {
    const { status, json } = await world.enrich({
      alertIds: ['aa9a0b1c2d-3e4f-5a6b-7c8d-9e0f1a2b3c4d', KNOWN_ALERT],
    });
    expect(status).toBe(200);
    expect(json.enrichment.alerts).toMatchObject([
      { status: 'skipped', product: 'Microsoft Defender for Identity', ips: [] },
      { status: 'found' },
    ]);
    expect(world.asked()).toHaveLength(1);
  });

  test("only other products' alerts: complete, all skipped, Defender not asked", async () => {
    const { status, json } = await world.enrich({ alertId: 'aa9a0b1c2d-3e4f-5a6b-7c8d-9e0f1a2b3c4d' });
    expect(status).toBe(200);
    expect(json.enrichment).toMatchObject({ status: 'complete', ips: [], alerts: [{ status: 'skipped' }] });
    expect(json.alert).toEqual({ alertId: 'aa9a0b1c2d-3e4f-5a6b-7c8d-9e0f1a2b3c4d' });
    expect(world.asked()).toEqual([]);
  });

  test('an alert that stands twice is asked about once and gets its IPs in both places', async () => {
    const { json } = await world.enrich([ALERT, { ...ALERT, title: 'again' }]);
    expect(json.alert.map((alert: { relatedIps: string[] }) => alert.relatedIps)).toEqual([
      KNOWN_IPS,
      KNOWN_IPS,
    ]);
    expect(json.enrichment.alerts).toHaveLength(1);
    expect(world.asked()).toHaveLength(1);
  });
});

describe('duplicates', () => {
  test('50 at once on a cold start: one token, one call, 50 right answers', async () => {
    world = await startWorld();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => world.enrich({ ...ALERT, n })));
    for (const [n, { status, json }] of answers.entries()) {
      expect(status).toBe(200);
      expect(json.alert).toEqual({ ...ALERT, n, relatedIps: KNOWN_IPS });
    }
    expect(world.identity.requests).toHaveLength(1);
    expect(world.asked()).toHaveLength(1);
  });
});

describe('when lookups fail', () => {
  /** Defender is down for one alert and fine for the others. */
  beforeEach(async () => {
    world = await startWorld({ settings: { IPS_CACHE_SECONDS: '0' } });
    world.defender.intercept = (request, response) => {
      if (!request.url?.includes(OTHER_ALERT)) return false;
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end('{"error":{"code":"Forbidden","message":"no","target":"correlation-1"}}');
      return true;
    };
  });
  const both = { alertIds: [KNOWN_ALERT, OTHER_ALERT] };

  test('some: a partial answer says which, and why', async () => {
    const { status, headers, json } = await world.enrich(both);
    expect(status).toBe(200);
    expect(headers['enrichment-status']).toBe('partial');
    expect(json.enrichment.status).toBe('partial');
    expect(json.enrichment.alerts).toMatchObject([
      { status: 'found' },
      { status: 'failed', ips: [], error: { status: 502, correlationId: 'correlation-1' } },
    ]);
    expect(json.enrichment.alerts[1].error.detail).toContain('Ip.Read.All');
  });

  test('some, with onFailure=fail: a problem', async () => {
    const { status, headers, json } = await world.enrich(both, '?onFailure=fail');
    expect(status).toBe(502);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json).toMatchObject({
      status: 502,
      correlationId: 'correlation-1',
      failedAlerts: [{ alertId: OTHER_ALERT }],
    });
    expect(json.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('all: a problem, unless onFailure=degrade', async () => {
    expect((await world.enrich({ alertId: OTHER_ALERT })).status).toBe(502);
    const degraded = await world.enrich({ alertId: OTHER_ALERT }, '?onFailure=degrade');
    expect(degraded.status).toBe(200);
    expect(degraded.json.alert).toEqual({ alertId: OTHER_ALERT });
    expect(degraded.json.enrichment).toMatchObject({ status: 'failed', alerts: [{ status: 'failed' }] });
  });

  test('a failure is not kept: the next caller asks again', async () => {
    await world.enrich({ alertId: OTHER_ALERT });
    world.defender.intercept = undefined;
    expect((await world.enrich({ alertId: OTHER_ALERT })).json.enrichment.status).toBe('complete');
  });
});

describe('bad requests', () => {
  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => expect(world.asked()).toEqual([]));

  test.each([
    ['?forma=ips', 'format'],
    ['?format=xml', 'enriched, ips'],
    ['?wait=0', '1 to 220'],
    ['?wait=221', '1 to 220'],
    ['?wait=2.5', '1 to 220'],
    ['?wait=', '1 to 220'],
    ['?wait=5&wait=6', 'once'],
    ['?onFailure=explode', 'partial, fail, degrade'],
    ['?Format=ips', 'format'],
  ])('%s is refused with what is known', async (query, told) => {
    const { status, headers, json } = await world.enrich(ALERT, query);
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(json.detail).toContain(told);
  });

  test.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/json; charset=utf-16', 415],
  ])('a body of %s is %d', async (type, expected) => {
    expect((await world.enrich(ALERT, '', { 'content-type': type })).status).toBe(expected);
  });

  test('a compressed body is 415', async () => {
    expect((await world.enrich(ALERT, '', { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  test('a payload without an alert is 422: what it is, and what was looked for', async () => {
    const { status, json } = await world.enrich({ hello: 'world' });
    expect(status).toBe(422);
    expect(json.detail).toContain('Defender for Endpoint alert');
  });
});

describe('parameters of hosts and handshakes, and other media types', () => {
  test('pass', async () => {
    world = await startWorld();
    expect((await world.enrich(ALERT, '?code=k&clientId=d&subscription-key=s&api-version=1')).status).toBe(
      200,
    );
    for (const type of ['application/cloudevents+json', 'text/json', 'APPLICATION/JSON; charset="UTF-8"']) {
      expect((await world.enrich(ALERT, '', { 'content-type': type })).status).toBe(200);
    }
    expect((await world.send('POST', '/api/enrichAlert', JSON.stringify(ALERT))).status).toBe(200);
  });
});
