import { afterEach, describe, expect, test } from '@jest/globals';
import { startWorld, type World } from '../support/world.js';

let world: World;
afterEach(() => world.close());

const ALERT = {
  id: 'da637472900382838869_1364969609',
  machineId: '1e5bc9d7e413ddd7902c2932e418702b84d0cc07',
  detectionSource: 'WindowsDefenderAtp',
  title: 'Suspicious connection',
};

describe('POST /api/enrichAlert', () => {
  test('gives the alert back with its IPs', async () => {
    world = await startWorld();
    const { status, json } = await world.enrich(ALERT);
    expect(status).toBe(200);
    expect(json.alert).toEqual({ ...ALERT, relatedIps: ['104.80.104.128', '23.203.232.228'] });
    expect(json.enrichment).toMatchObject({
      status: 'complete',
      alerts: [{ alertId: ALERT.id, status: 'found', shape: 'mde-alert', pointer: '', ageSeconds: 0 }],
    });
  });
});
