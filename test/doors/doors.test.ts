import { afterEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { COMMIT, VERSION } from '../../shared/base/version.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
afterEach(() => world.close());

describe('the doors', () => {
  test('health is open, touches nothing and says which version and commit answer', async () => {
    world = await startWorld({ functionKey: 'key-12345678' });
    const { status, json } = await world.get('/api/health');
    expect({ status, json }).toEqual({
      status: 200,
      json: { status: 'ok', version: VERSION, commit: COMMIT },
    });
    expect(world.identity.requests).toEqual([]);
    expect(world.asked()).toEqual([]);
  });

  test('the others want the key', async () => {
    world = await startWorld({ functionKey: 'key-12345678' });
    const path = `/api/alerts/${KNOWN_ALERT}/ips`;
    expect((await world.get(path)).status).toBe(401);
    expect((await world.get(path, { 'x-functions-key': 'key-12345678' })).status).toBe(200);
    expect((await world.enrich({ alertId: KNOWN_ALERT })).status).toBe(401);
    expect((await world.enrich({ alertId: KNOWN_ALERT }, '?code=key-12345678')).status).toBe(200);
  });

  test('wrong settings: every endpoint answers 503 and names them, and only with the key what is wrong with them', async () => {
    world = await startWorld({ settings: { DEFENDER_CLOUD: 'cirrus', QUOTA_PER_HOUR: 'plenty' } });
    const keyed = [
      await world.get(`/api/alerts/${KNOWN_ALERT}/ips`),
      await world.enrich({ alertId: KNOWN_ALERT }),
    ];
    const open = [await world.get('/api/health'), await world.get('/api/enrichments/0?token=0')];
    for (const { status, headers, text } of [...keyed, ...open]) {
      expect(status).toBe(503);
      expect(headers['retry-after']).toBe('60');
      expect(text).toMatch(/DEFENDER_CLOUD.*QUOTA_PER_HOUR/);
      expect(text).not.toMatch(/cirrus|plenty/);
    }
    for (const { text } of keyed) expect(text).toContain('QUOTA_PER_HOUR must be a whole number');
    for (const { text } of open) {
      expect(text).toContain('/api/doctor');
      expect(text).not.toContain('whole number');
    }
    expect(world.asked()).toEqual([]);
  });
});
