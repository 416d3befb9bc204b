import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { KNOWN_ALERT, KNOWN_IPS } from '../../local/defender/alerts.js';
import { type Receiver, startReceiver, URL_CANARY } from '../delivery/receiver.js';
import { startWorld, type World } from '../support/world.js';

/** A post that was forwarded before is answered without a call to Defender: its callers repeat it by themselves. */
let receiver: Receiver;
let world: World;
afterEach(async () => {
  await world.close();
  await receiver.close();
});

async function start(settings: Readonly<Record<string, string>>): Promise<void> {
  const FORWARD_DESTINATIONS = JSON.stringify(receiver.destination());
  world = await startWorld({ settings: { ...settings, FORWARD_DESTINATIONS }, secrets: [URL_CANARY] });
}

beforeEach(async () => {
  receiver = await startReceiver();
});

const alert = { alertId: KNOWN_ALERT };

test('it says what became of the delivery, also while Defender is away, and that nobody was asked', async () => {
  await start({ IPS_CACHE_SECONDS: '0' });
  const { json: first } = await world.enrich(alert, '?forward=siem');
  world.defender.intercept = (_request, response) => {
    response.writeHead(503).end();
    return true;
  };
  const asked = world.asked().length;
  const { status, headers, json } = await world.enrich(alert, '?forward=siem');
  expect(status).toBe(200);
  expect(json.delivery).toEqual(first.delivery);
  expect(headers['delivery-status']).toBe('delivered');
  expect(json.alert).toEqual(alert);
  expect(json.enrichment).toMatchObject({
    status: 'complete',
    alerts: [{ alertId: KNOWN_ALERT, status: 'skipped', reason: expect.stringContaining(first.delivery.id) }],
  });
  expect(world.asked()).toHaveLength(asked);
  expect(receiver.arrivals).toHaveLength(1);
});

test('it has the addresses that are in the cache', async () => {
  await start({});
  const { json: first } = await world.enrich(alert, '?forward=siem');
  const { json } = await world.enrich(alert, '?forward=siem');
  expect(json.delivery).toEqual(first.delivery);
  expect(json.alert.relatedIps).toEqual(KNOWN_IPS);
  expect(world.asked()).toHaveLength(1);
});
