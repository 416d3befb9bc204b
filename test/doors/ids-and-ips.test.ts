import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT, KNOWN_IPS, UNKNOWN_ALERT, UNSEEN_IP } from '../../local/defender/alerts.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
afterEach(() => world.close());

const BARE = 'c6a87bc6-1111-4222-8333-944444444444_1';
const PREFIXED = `da${BARE}`;
const path = (id: string) => `/api/alerts/${id}/ips`;

describe('GUID ids, which Defender knows with or without their two letters', () => {
  beforeEach(async () => {
    world = await startWorld({ settings: { IPS_CACHE_SECONDS: '0', NOT_FOUND_CACHE_SECONDS: '0' } });
  });

  test('known with them: one call', async () => {
    world.defender.alerts.set(PREFIXED, ['192.0.2.1']);
    const { json } = await world.enrich({ alertId: PREFIXED });
    expect(json.enrichment.alerts[0]).toMatchObject({
      alertId: PREFIXED,
      status: 'found',
      ips: ['192.0.2.1'],
    });
    expect(world.asked()).toEqual([path(PREFIXED)]);
  });

  test('known without them: asked that way after the 404, and first the next time', async () => {
    world.defender.alerts.set(PREFIXED, null).set(BARE, ['192.0.2.2']);
    for (let time = 0; time < 2; time++) {
      const { json } = await world.enrich({ alertId: PREFIXED });
      expect(json.enrichment.alerts[0]).toMatchObject({
        alertId: PREFIXED,
        status: 'found',
        ips: ['192.0.2.2'],
      });
    }
    expect(world.asked()).toEqual([path(PREFIXED), path(BARE), path(BARE)]);
  });

  test('known neither way: not_found after two calls, both charged', async () => {
    world.defender.alerts.set(PREFIXED, null).set(BARE, null);
    const { json } = await world.enrich({ alertId: PREFIXED });
    expect(json.enrichment).toMatchObject({
      alerts: [{ status: 'not_found' }],
      quota: { minute: { remaining: 98 } },
    });
  });

  test('other ids are asked about once', async () => {
    await world.enrich({ alertId: UNKNOWN_ALERT });
    expect(world.asked()).toEqual([path(UNKNOWN_ALERT)]);
  });
});

describe("the payload's own addresses", () => {
  const alert = {
    id: KNOWN_ALERT,
    machineId: 'm',
    detectionSource: 'd',
    evidence: [{ ipAddress: '104.80.104.128' }, { ipAddress: '::ffff:198.51.100.7' }, { ipAddress: null }],
  };

  test('are reconciled with those of Defender', async () => {
    world = await startWorld();
    const { json } = await world.enrich(alert);
    expect(json.enrichment.ips).toMatchObject([
      { address: '104.80.104.128', sources: ['defender', 'payload'], alertIds: [KNOWN_ALERT] },
      { address: '23.203.232.228', sources: ['defender'] },
      { address: '198.51.100.7', sources: ['payload'] },
    ]);
    expect(json.alert.relatedIps).toEqual(KNOWN_IPS);
  });

  test('are the answer with onFailure=degrade when Defender is gone, and it says so', async () => {
    world = await startWorld();
    world.defender.intercept = (_request, response) => {
      response.writeHead(403).end();
      return true;
    };
    const { status, json } = await world.enrich(alert, '?onFailure=degrade');
    expect(status).toBe(200);
    expect(json.alert).toEqual(alert);
    expect(json.enrichment).toMatchObject({
      status: 'failed',
      alerts: [{ status: 'failed', ips: ['104.80.104.128', '198.51.100.7'], error: { status: 502 } }],
      ips: [{ sources: ['payload'] }, { sources: ['payload'] }],
    });
  });
});

describe('an alert that stands in several places', () => {
  beforeEach(async () => {
    world = await startWorld();
    world.defender.intercept = (_request, response) => {
      response.writeHead(403).end();
      return true;
    };
  });

  test('has the addresses of all of them when its lookup fails', async () => {
    const evidence = (RemoteIP?: string) => ({
      category: 'AdvancedHunting-AlertEvidence',
      properties: { AlertId: KNOWN_ALERT, ServiceSource: 'Microsoft Defender for Endpoint', RemoteIP },
    });
    const records = [
      evidence(),
      evidence('198.51.100.7'),
      evidence('198.51.100.8'),
      evidence('198.51.100.7'),
    ];
    const { json } = await world.enrich({ records }, '?onFailure=degrade');
    expect(json.enrichment.alerts).toMatchObject([
      { alertId: KNOWN_ALERT, status: 'failed', ips: ['198.51.100.7', '198.51.100.8'] },
    ]);
  });

  test("is told of as looked up, whatever product's it is in another place", async () => {
    const asAnothers = { VendorOriginalId: KNOWN_ALERT, ProductName: 'Azure Sentinel' };
    for (const payload of [
      [asAnothers, { alertId: KNOWN_ALERT }],
      [{ alertId: KNOWN_ALERT }, asAnothers],
    ]) {
      const { status, json } = await world.enrich(payload, '?onFailure=degrade');
      expect(status).toBe(200);
      expect(json.enrichment).toMatchObject({
        status: 'failed',
        alerts: [{ status: 'failed', shape: 'plain' }],
      });
    }
  });
});

describe('stats=true', () => {
  const ALERT = 'da637472900382838869_55';

  test('adds the prevalence of public addresses and puts the rarest first', async () => {
    world = await startWorld();
    world.defender.alerts.set(ALERT, ['23.203.232.228', '10.0.0.1', '104.80.104.128']);
    world.defender.intercept = (request, response) => {
      const ip = /^\/api\/ips\/([^/]+)\/stats/.exec(request.url ?? '')?.[1];
      if (!ip) return false;
      const prevalence = ip === '23.203.232.228' ? 900 : 2;
      response.end(
        JSON.stringify({
          ipAddress: ip,
          organizationPrevalence: prevalence,
          orgFirstSeen: '2026-10-01T00:00:00Z',
          orgLastSeen: null,
        }),
      );
      return true;
    };
    const { json } = await world.enrich({ alertId: ALERT }, '?stats=true');
    expect(json.enrichment.stats).toEqual({ status: 'complete' });
    expect(json.enrichment.ips).toMatchObject([
      {
        address: '104.80.104.128',
        stats: { organizationPrevalence: 2, firstSeen: '2026-10-01T00:00:00.000Z', lastSeen: null },
      },
      { address: '23.203.232.228', stats: { organizationPrevalence: 900 } },
      { address: '10.0.0.1' },
    ]);
    expect(json.enrichment.ips[2].stats).toBeUndefined();
    expect(world.asked()).toHaveLength(3);
    await world.enrich({ alertId: ALERT }, '?stats=true');
    expect(world.asked()).toHaveLength(3);
  });

  test('an address that was never seen has prevalence 0', async () => {
    world = await startWorld();
    world.defender.alerts.set(ALERT, ['23.203.232.228']);
    world.defender.intercept = (request, response) => {
      if (!request.url?.includes('/ips/')) return false;
      response.end(`{"ipAddress":"${UNSEEN_IP}","orgPrevalence":"0","orgFirstSeen":null}`);
      return true;
    };
    const { json } = await world.enrich({ alertId: ALERT }, '?stats=true');
    expect(json.enrichment.ips[0].stats).toEqual({
      organizationPrevalence: 0,
      firstSeen: null,
      lastSeen: null,
    });
  });

  test('when the quota is short, the addresses come without, and the answer says so', async () => {
    world = await startWorld({ settings: { QUOTA_PER_MINUTE: '1' } });
    const { status, json } = await world.enrich({ alertId: KNOWN_ALERT }, '?stats=true');
    expect(status).toBe(200);
    expect(json.enrichment).toMatchObject({ status: 'complete', stats: { status: 'partial' } });
    expect(json.enrichment.stats.reason).toContain('a minute');
    expect(json.enrichment.ips).toHaveLength(2);
    expect(json.enrichment.ips[0].stats).toBeUndefined();
    expect(world.asked()).toHaveLength(1);
  });
});
