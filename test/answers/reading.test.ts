import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT, UNKNOWN_ALERT } from '../../local/defender/alerts.js';
import { FORMATS } from '../../shared/formats/index.js';
import { alertIds } from '../support/alert-ids.js';
import { startWorld, type World } from '../support/world.js';

/** What comes back is what one wants to read: public addresses first, the rarest of them before all. */
let world: World;
afterEach(() => world.close());

const [ALERT = '', OTHER = ''] = alertIds(2);
const MIXED = ['10.0.0.1', '104.80.104.128', '127.0.0.1', '23.203.232.228', '10.0.0.2'];
const ORDERED = ['104.80.104.128', '23.203.232.228', '10.0.0.1', '127.0.0.1', '10.0.0.2'];
const PUBLIC = ORDERED.slice(0, 2);
const COUNTS = { total: 5, public: 2, private: 2, other: 1 };

/** Lets Defender tell how many devices spoke with an address; of an address without a number it tells nothing. */
function prevalences(devices: Readonly<Record<string, number>>): void {
  world.defender.intercept = (request, response) => {
    const ip = /^\/api\/ips\/([^/]+)\/stats/.exec(request.url ?? '')?.[1];
    if (!ip) return false;
    if (devices[ip] === undefined) response.writeHead(500).end();
    else {
      response.end(
        JSON.stringify({
          ipAddress: ip,
          orgPrevalence: String(devices[ip]),
          orgFirstSeen: '2026-10-01T00:00:00Z',
          orgLastSeen: null,
        }),
      );
    }
    return true;
  };
}

describe('the order of addresses', () => {
  beforeEach(async () => {
    world = await startWorld();
    world.defender.alerts.set(ALERT, MIXED);
  });

  test('is public first, then as the source gave them, in every list', async () => {
    const { json } = await world.enrich({ alertId: ALERT });
    expect(json.alert.relatedIps).toEqual(ORDERED);
    expect(json.enrichment.ips.map(({ address }: { address: string }) => address)).toEqual(ORDERED);
    expect(json.enrichment.alerts[0].ips).toEqual(ORDERED);
    expect(json.enrichment.counts).toEqual(COUNTS);
  });

  test.each(FORMATS)('is the same in the format $name', async ({ name }) => {
    const { text } = await world.enrich({ alertId: ALERT }, `?format=${name}`);
    const places = ORDERED.map((address) => text.indexOf(address));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });

  test('is the rarest first with stats=true, and those of unknown prevalence before the private ones', async () => {
    prevalences({ '23.203.232.228': 2 });
    const { json } = await world.enrich({ alertId: ALERT }, '?stats=true');
    expect(json.alert.relatedIps).toEqual(['23.203.232.228', '104.80.104.128', ...ORDERED.slice(2)]);
  });

  test('holds for an object that gets the addresses of several alerts', async () => {
    world.defender.alerts.set(OTHER, ['10.0.0.3', '9.9.9.9']);
    const { json } = await world.enrich({ alertIds: [ALERT, OTHER] });
    expect(json.alert.relatedIps).toEqual([...PUBLIC, '9.9.9.9', ...ORDERED.slice(2), '10.0.0.3']);
  });
});

describe('scope=public', () => {
  beforeEach(async () => {
    world = await startWorld();
    world.defender.alerts.set(ALERT, MIXED);
  });

  test('leaves other addresses out of relatedIps and of every list, and counts them', async () => {
    const { json } = await world.enrich({ alertId: ALERT }, '?scope=public');
    expect(json.alert.relatedIps).toEqual(PUBLIC);
    expect(json.enrichment.ips).toHaveLength(2);
    expect(json.enrichment.alerts[0]).toMatchObject({ status: 'found', ips: PUBLIC });
    expect(json.enrichment.counts).toEqual(COUNTS);
  });

  test.each(FORMATS)('leaves them out of the format $name', async ({ name }) => {
    const { text } = await world.enrich({ alertId: ALERT }, `?scope=public&format=${name}`);
    for (const address of PUBLIC) expect(text).toContain(address);
    for (const address of ORDERED.slice(2)) expect(text).not.toContain(address);
  });

  test('leaves them out of what the payload held, where that is the answer', async () => {
    world.defender.intercept = (_request, response) => {
      response.writeHead(403).end();
      return true;
    };
    const alert = {
      id: ALERT,
      machineId: 'm',
      detectionSource: 'd',
      evidence: [{ ipAddress: '10.9.9.9' }, { ipAddress: '9.9.9.9' }],
    };
    const { json } = await world.enrich(alert, '?scope=public&onFailure=degrade');
    expect(json.enrichment.alerts[0].ips).toEqual(['9.9.9.9']);
    expect(json.enrichment.counts).toMatchObject({ total: 2, public: 1 });
    expect(json.alert).toEqual(alert);
  });

  test.each(['html', 'markdown'])('is said in %s, with how many there are', async (format) => {
    const { text } = await world.enrich({ alertId: ALERT }, `?scope=public&format=${format}`);
    expect(text).toContain('2 public, 2 private, 1 other');
    expect(text).toContain('Only public ones');
  });

  test('takes all or public', async () => {
    const { status, json } = await world.enrich({ alertId: ALERT }, '?scope=private');
    expect(status).toBe(400);
    expect(json.detail).toContain('all, public');
  });
});

describe('statistics that are missing', () => {
  test('are counted in the answer and in a header, where there may be some', async () => {
    world = await startWorld();
    world.defender.alerts.set(ALERT, MIXED);
    prevalences({ '23.203.232.228': 2 });
    const some = await world.enrich({ alertId: ALERT }, '?stats=true');
    expect(some.json.enrichment).toMatchObject({ statsMissing: 1, stats: { status: 'partial' } });
    expect(some.headers['x-stats-missing']).toBe('1');
    prevalences({ '23.203.232.228': 2, '104.80.104.128': 0 });
    const none = await world.enrich({ alertId: ALERT }, '?stats=true&format=html');
    expect(none.headers['x-stats-missing']).toBe('0');
    const unasked = await world.enrich({ alertId: ALERT });
    expect(unasked.headers).not.toHaveProperty('x-stats-missing');
    expect(unasked.json.enrichment).not.toHaveProperty('statsMissing');
  });
});

describe('an alert that Defender does not know', () => {
  test.each(['not_found', 'failed'])('keeps the relatedIps that it was posted with: %s', async (status) => {
    world = await startWorld();
    if (status === 'failed') {
      world.defender.intercept = (_request, response) => {
        response.writeHead(503).end();
        return true;
      };
    }
    const alert = { alertId: UNKNOWN_ALERT, relatedIps: ['203.0.113.7'] };
    const { json } = await world.enrich(alert, '?onFailure=degrade&wait=2');
    expect(json.enrichment.alerts[0]).toMatchObject({ status, ips: [] });
    expect(json.alert).toEqual(alert);
    expect((await world.enrich({ alertId: UNKNOWN_ALERT }, '?onFailure=degrade&wait=2')).json.alert).toEqual({
      alertId: UNKNOWN_ALERT,
    });
  });
});

test('an unknown option is named, unless it could be something secret', async () => {
  world = await startWorld();
  expect((await world.enrich({ alertId: KNOWN_ALERT }, '?formt=ips')).json.detail).toMatch(
    /"formt".*format, /,
  );
  const { status, text } = await world.enrich({ alertId: KNOWN_ALERT }, '?eyJ0eXAi.9x=1');
  expect(status).toBe(400);
  expect(text).not.toContain('eyJ0eXAi');
});
