import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FORMATS } from '../../shared/formats/index.js';
import { startWorld, type World } from '../support/world.js';
import { alertId } from './enrichments.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.defender.alerts.set(alertId(1), ['198.51.100.3', '2001:DB8:0::1']);
  world.defender.alerts.set(alertId(2), null);
});
afterAll(() => world.close());

const PAYLOAD = { alertIds: [alertId(1), alertId(2)] };

describe('POST /api/enrichAlert?format=', () => {
  test.each(FORMATS)('$name: 200, its type and the addresses', async ({ name, contentType }) => {
    const { status, headers, text } = await world.enrich(PAYLOAD, `?format=${name}`);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(contentType);
    expect(text).toContain('198.51.100.3');
    expect(text).toContain('2001:db8::1');
    if (!contentType.startsWith('text/')) expect(() => JSON.parse(text)).not.toThrow();
  });

  test.each(['html', 'markdown'])('%s tells of the alert that Defender does not know', async (name) => {
    const { text } = await world.enrich(PAYLOAD, `?format=${name}`);
    expect(text).toContain('Alerts: 2 (1 with IPs, 1 not found).');
  });
});
