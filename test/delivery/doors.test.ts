import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startAzurite } from '../../local/azurite.js';
import { freshAlertIds } from '../support/alert-ids.js';
import type { Answer } from '../support/exchange.js';
import { answerOf, endOfDelivery, eventually, insist, logged, pathOf } from '../support/polling.js';
import { storedWorlds } from '../support/stored-world.js';
import { PAYLOAD_CANARY, type World, type WorldOptions } from '../support/world.js';
import { type Receiver, startReceiver, URL_CANARY } from './receiver.js';

const ID = /^[0-9a-f]{32}$/;

const stored = storedWorlds();
let receiver: Receiver;
let world: World;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

/** A world with destinations at the receiver. */
async function start(
  destinations: Record<string, unknown> = receiver.destination(),
  options: WorldOptions = {},
): Promise<World> {
  world = await stored.start({
    ...options,
    secrets: [URL_CANARY],
    settings: { FORWARD_DESTINATIONS: JSON.stringify(destinations), ...options.settings },
  });
  return world;
}

/** What became of a delivery. */
async function end(id: string, status: string): Promise<Answer> {
  const answer = await endOfDelivery(world.get, id);
  expect(answer.json.delivery.status).toBe(status);
  return answer;
}

const OTHER_PRODUCT = { id: 'x1', serviceSource: 'microsoftDefenderForIdentity', providerAlertId: 'aa11' };
const newAlert = () => ({ alertId: freshAlertIds(1)[0], note: PAYLOAD_CANARY });

describe('forward', () => {
  test('is answered with a queued delivery beside the enriched alert, and the same goes to the destination', async () => {
    await start();
    const answer = await world.enrich(newAlert(), '?forward=siem');
    expect(answer.status).toBe(200);
    const { alert, enrichment, delivery } = answer.json;
    expect(delivery).toEqual({ id: expect.stringMatching(ID), destination: 'siem', status: 'queued' });
    expect(answer.headers).toMatchObject({ 'delivery-id': delivery.id, 'delivery-status': 'queued' });
    await receiver.arrived(1);
    expect(receiver.arrivals[0]).toMatchObject({
      id: delivery.id,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ alert, enrichment }),
    });
    const asked = await end(delivery.id, 'delivered');
    expect(asked.json.delivery).toEqual({
      id: delivery.id,
      destination: 'siem',
      status: 'delivered',
      attempts: 1,
      lastStatus: 204,
      acceptedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      endedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('sends the form of the destination, whatever form the caller wants', async () => {
    await start(receiver.destination('siem', { format: 'ips' }));
    const answer = await world.enrich(newAlert(), '?forward=siem&format=markdown');
    expect(answer.headers['content-type']).toContain('text/markdown');
    expect(answer.text).not.toContain(String(answer.headers['delivery-id']));
    await receiver.arrived(1);
    expect(receiver.arrivals[0]?.id).toBe(answer.headers['delivery-id']);
    expect(JSON.parse(receiver.arrivals[0]?.body ?? '')).toMatchObject({ status: 'complete' });
  });

  test('goes on in the trace of the post, under a span of its own', async () => {
    await start();
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${trace}-b7ad6b7169203331-01`;
    await world.enrich(newAlert(), '?forward=siem', { traceparent });
    await receiver.arrived(1);
    const sent = String(receiver.arrivals[0]?.headers.traceparent);
    expect(sent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
    expect(sent).not.toContain('b7ad6b7169203331');
  });

  test('takes alerts of other products along, and refuses what has no alert', async () => {
    await start();
    const answer = await world.enrich(OTHER_PRODUCT, '?forward=siem');
    expect(answer.json).toMatchObject({
      enrichment: { status: 'complete', alerts: [{ status: 'skipped' }] },
    });
    await receiver.arrived(1);
    expect(JSON.parse(receiver.arrivals[0]?.body ?? '').alert).toEqual(OTHER_PRODUCT);
    expect((await world.enrich({ nothing: 'here' }, '?forward=siem')).status).toBe(422);
    expect(receiver.arrivals).toHaveLength(1);
  });

  test('a partial result is forwarded as it is; with onFailure=fail it is a problem, and nothing is', async () => {
    await start();
    const [good = '', bad = ''] = freshAlertIds(2);
    world.defender.intercept = ({ url = '' }, response) => {
      if (!url.includes(bad)) return false;
      response.writeHead(403).end('{"error":{"code":"Forbidden","message":"no"}}');
      return true;
    };
    const refused = await world.enrich({ alertIds: [good, bad] }, '?forward=siem&onFailure=fail');
    expect(refused.status).toBe(502);
    expect(refused.json.delivery).toBeUndefined();
    const failed = await world.enrich({ alertId: bad }, '?forward=siem');
    expect(failed.status).toBe(502);
    const partial = await world.enrich({ alertIds: [good, bad] }, '?forward=siem');
    expect(partial.json.enrichment.status).toBe('partial');
    const degraded = await world.enrich({ alertId: bad }, '?forward=siem&onFailure=degrade');
    expect(degraded.json.enrichment.status).toBe('failed');
    await receiver.arrived(2);
    const sent = receiver.arrivals.map(({ id, body }) => `${id} ${JSON.parse(body).enrichment.status}`);
    expect(sent.sort()).toEqual(
      [`${partial.json.delivery.id} partial`, `${degraded.json.delivery.id} failed`].sort(),
    );
  });

  test.each([
    [{}, '?forward=siem', 'FORWARD_DESTINATIONS'],
    [undefined, '?forward=pager', 'siem, soc'],
    [undefined, '?forward=', 'siem, soc'],
    [undefined, '?forward=siem&as=user', 'as=app'],
  ])('a destination that cannot be: 400 that says what can (%j %s)', async (given, query, told) => {
    await start(given ?? { ...receiver.destination('siem'), ...receiver.destination('soc') });
    const answer = await world.enrich(newAlert(), query);
    expect(answer.status).toBe(400);
    expect(answer.json.type).toMatch(/:invalid-option$/);
    expect(answer.json.detail).toContain(told);
    expect(world.asked()).toEqual([]);
  });
});

describe('a storage account that is down', () => {
  test('the storage account is down when an enriched alert is to be forwarded → 503 with Retry-After, and the repeated post is delivered once', async () => {
    const own = await startAzurite({ persistent: true });
    try {
      await start(receiver.destination(), { settings: { AzureWebJobsStorage: own.connectionString } });
      const alert = newAlert();
      expect((await world.enrich(alert)).status).toBe(200); // from now on its answer is in the cache
      await own.kill();
      expect((await world.enrich(alert)).status).toBe(200);
      const refused = await world.enrich(alert, '?forward=siem');
      expect(refused.status).toBe(503);
      expect(refused.json.type).toMatch(/:storage-unavailable$/);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(refused.text).not.toContain('"delivery"');
      await own.restart();
      const { id } = (await insist(() => world.enrich(alert, '?forward=siem'))).json.delivery;
      await end(id, 'delivered');
      expect(receiver.arrivals.map((one) => one.id)).toEqual([id]);
    } finally {
      await own.close();
    }
  });
});

describe('a repeated post', () => {
  test('has the same delivery, is sent once, and says what became of it', async () => {
    await start();
    const alert = newAlert();
    const posts = await Promise.all(Array.from({ length: 10 }, () => world.enrich(alert, '?forward=siem')));
    const ids = new Set(posts.map(({ json }) => json.delivery.id));
    expect(ids.size).toBe(1);
    const [id = ''] = ids;
    await end(id, 'delivered');
    const later = await world.enrich(alert, '?forward=siem');
    expect(later.json.delivery).toEqual({ id, destination: 'siem', status: 'delivered' });
    const other = await world.enrich(alert, '?forward=siem&format=ips');
    expect(other.headers['delivery-id']).not.toBe(id);
    await receiver.arrived(2);
    expect(receiver.arrivals.map((one) => one.id)).toEqual([id, other.headers['delivery-id']]);
  });

  test('is what has the same dedupe and destination', async () => {
    await start({ ...receiver.destination('siem'), ...receiver.destination('soc') });
    const alert = newAlert();
    const post = async (query: string) => (await world.enrich(alert, query)).json.delivery.id;
    const first = await post('?forward=siem&dedupe=incident-1');
    expect(await post('?forward=siem&dedupe=incident-1')).toBe(first);
    expect(await post('?forward=siem&dedupe=incident-2')).not.toBe(first);
    expect(await post('?forward=soc&dedupe=incident-1')).not.toBe(first);
    await receiver.arrived(3);
  });

  test('with the dedupe of another alert, or of other options, is refused, and shows nothing of the first', async () => {
    await start();
    const alert = newAlert();
    const { id } = (await world.enrich(alert, '?forward=siem&dedupe=run-1')).json.delivery;
    await end(id, 'delivered');
    for (const [payload, query] of [
      [newAlert(), '?forward=siem&dedupe=run-1'],
      [alert, '?forward=siem&dedupe=run-1&format=ips'],
    ] as const) {
      const answer = await world.enrich(payload, query);
      expect(answer.status).toBe(409);
      expect(answer.json.type).toMatch(/:dedupe-reused$/);
      expect(answer.text).not.toContain(id);
      expect(answer.text).not.toContain(String(alert.alertId));
    }
    expect(receiver.arrivals).toHaveLength(1);
  });
});

describe('a job', () => {
  test('forwards when it is done, and its answer says so', async () => {
    await start();
    const alertIds = freshAlertIds(2);
    const accepted = await world.enrich({ alertIds }, '?mode=async&forward=siem');
    expect(accepted.status).toBe(202);
    const answer = await answerOf(world.get, pathOf(accepted));
    const { delivery, alert, enrichment } = answer.json;
    expect(delivery).toEqual({ id: expect.stringMatching(ID), destination: 'siem', status: 'queued' });
    await receiver.arrived(1);
    expect(receiver.arrivals[0]).toMatchObject({
      id: delivery.id,
      body: JSON.stringify({ alert, enrichment }),
    });
    // The same post once more, however it is to be answered, is the same delivery.
    await end(delivery.id, 'delivered');
    const again = await world.enrich({ alertIds }, '?forward=siem');
    expect(again.json.delivery).toEqual({ ...delivery, status: 'delivered' });
    expect(receiver.arrivals).toHaveLength(1);
  });

  test('that ends as a problem has been accepted all the same: what there is goes to the destination', async () => {
    await start();
    world.defender.intercept = (_request, response) => {
      response.writeHead(403).end('{"error":{"code":"Forbidden","message":"no"}}');
      return true;
    };
    const alert = newAlert();
    const path = pathOf(await world.enrich(alert, '?mode=async&forward=siem'));
    const answer = await answerOf(world.get, path);
    expect(answer.status).toBe(502);
    expect(answer.json.delivery).toMatchObject({ destination: 'siem', status: 'queued' });
    await receiver.arrived(1);
    expect(JSON.parse(receiver.arrivals[0]?.body ?? '')).toMatchObject({
      alert,
      enrichment: { status: 'failed' },
    });
  });

  test('that is to be forwarded is not joined by a post that is not', async () => {
    await start(receiver.destination(), { settings: { QUOTA_PER_MINUTE: '1' } });
    const payload = { alertIds: freshAlertIds(3) };
    const id = async (query: string) => (await world.enrich(payload, query)).json.enrichment.id;
    const plain = await id('?mode=async&dedupe=x');
    const forwarded = await id('?mode=async&dedupe=x&forward=siem');
    expect(forwarded).not.toBe(plain);
    expect(await id('?mode=async&dedupe=x&forward=siem')).toBe(forwarded);
  });
});

describe('GET /api/deliveries/{id} and POST …/redeliver', () => {
  test('tell what has been tried and when it is tried again; then a dead letter that can be sent again', async () => {
    await start(receiver.destination('siem', { scheduleSeconds: [0, 1] }));
    receiver.answer = () => 503;
    const { id } = (await world.enrich(newAlert(), '?forward=siem')).json.delivery;
    await receiver.arrived(1);
    const dead = await end(id, 'dead-lettered');
    expect(dead.json.delivery).toMatchObject({
      attempts: 2,
      lastStatus: 503,
      reason: expect.stringContaining('503'),
      endedAt: expect.any(String),
    });
    expect(dead.json.delivery.nextAttempt).toBeUndefined();
    await logged(world.logs, 'delivery-dead-lettered'); // after it is one
    const alarms = world.logs.filter(({ message }) => message.includes('delivery-dead-lettered'));
    expect(alarms).toHaveLength(1);
    expect(alarms[0]?.message).toContain(id);
    expect(alarms[0]?.message).toContain(receiver.url);

    receiver.answer = () => 200;
    const again = await world.send('POST', `/api/deliveries/${id}/redeliver`);
    expect(again.status).toBe(202);
    expect(again.json.delivery).toMatchObject({ id, status: 'queued', attempts: 2 });
    const delivered = await end(id, 'delivered');
    expect(delivered.json.delivery).toMatchObject({ attempts: 3, lastStatus: 200 });
    expect(new Set(receiver.arrivals.map(({ id: sent, body }) => `${sent} ${body}`)).size).toBe(1);
    const refused = await world.send('POST', `/api/deliveries/${id}/redeliver`);
    expect(refused.status).toBe(409);
    expect(refused.json).toMatchObject({ type: expect.stringMatching(/:delivery-not-dead$/) });
    expect(refused.json.detail).toContain('delivered');
  });

  test('410 makes a dead letter at once', async () => {
    await start();
    receiver.answer = () => 410;
    const { id } = (await world.enrich(newAlert(), '?forward=siem')).json.delivery;
    const { delivery } = (await end(id, 'dead-lettered')).json;
    expect(delivery).toMatchObject({ attempts: 1, lastStatus: 410 });
  });

  test('a receiver’s Retry-After counts when it is longer than the schedule', async () => {
    await start();
    receiver.answer = (_arrival, response) => {
      response.writeHead(429, { 'retry-after': '600' }).end();
      return undefined;
    };
    const { id } = (await world.enrich(newAlert(), '?forward=siem')).json.delivery;
    const { delivery } = await eventually(async () => {
      const { json } = await insist(() => world.get(`/api/deliveries/${id}`));
      return json.delivery.attempts > 0 ? json : undefined;
    });
    const waitMs = Date.parse(delivery.nextAttempt) - Date.parse(delivery.acceptedAt);
    expect(delivery).toMatchObject({ status: 'queued', attempts: 1, lastStatus: 429 });
    expect(waitMs).toBeGreaterThanOrEqual(600_000);
    expect(waitMs).toBeLessThan(900_000);
  });

  test('a dead letter is listed with the others of its destination, and sent again with them', async () => {
    await start({ ...receiver.destination('siem'), ...receiver.destination('soc') });
    receiver.answer = () => 410;
    const ids: string[] = [];
    for (const name of ['siem', 'siem', 'soc']) {
      const { id } = (await world.enrich(newAlert(), `?forward=${name}`)).json.delivery;
      await end(id, 'dead-lettered');
      ids.push(id);
    }
    const listed = async (query: string) => {
      const { status, json } = await world.get(`/api/deliveries${query}`);
      expect(status).toBe(200);
      return json.value.filter(({ id }: { id: string }) => ids.includes(id));
    };
    // The alarm comes after the mark.
    for (const id of ids) await logged(world.logs, `The delivery ${id}`);
    expect(await listed('?status=dead-lettered&destination=soc')).toEqual([
      {
        id: ids[2],
        destination: 'soc',
        status: 'dead-lettered',
        attempts: 1,
        lastStatus: 410,
        acceptedAt: expect.stringMatching(/Z$/),
        deadLetteredAt: expect.stringMatching(/Z$/),
        hasBody: true,
      },
    ]);
    expect((await listed('')).length).toBe(3);
    receiver.answer = () => 200;
    const again = await world.send('POST', '/api/deliveries/redeliver?destination=siem&since=2020-01-01');
    expect(again.status).toBe(200);
    expect(again.json).toEqual({ requeued: 2, remaining: 0 });
    for (const id of ids.slice(0, 2)) await end(id, 'delivered');
    const twice = await world.send('POST', '/api/deliveries/redeliver?destination=siem');
    expect(twice.json).toEqual({ requeued: 0, remaining: 0 });
    expect(await listed('?destination=siem')).toEqual([]);
  });

  test.each([
    ['GET', '/api/deliveries?status=queued', 'invalid-option', 'dead-lettered'],
    ['GET', '/api/deliveries?colour=red', 'unknown-option', 'status, destination, after'],
    ['GET', '/api/deliveries?after=nonsense', 'invalid-option', 'nextLink'],
    ['GET', `/api/deliveries?destination=${'x'.repeat(400)}`, 'invalid-option', '40'],
    ['POST', '/api/deliveries/redeliver', 'invalid-option', 'siem'],
    ['POST', '/api/deliveries/redeliver?destination=pager', 'invalid-option', 'siem'],
    ['POST', '/api/deliveries/redeliver?destination=siem&since=yesterday', 'invalid-option', 'ISO 8601'],
    [
      'POST',
      '/api/deliveries/redeliver?destination=siem&until=2026-11-23T18:00:00',
      'invalid-option',
      'since',
    ],
  ])('%s %s: 400 that says what can be', async (method, path, kind, told) => {
    await start();
    const answer = await world.send(method, path);
    expect(answer.status).toBe(400);
    expect(answer.json.type).toMatch(new RegExp(`:${kind}$`));
    if (told !== 'since') expect(answer.json.detail).toContain(told);
  });

  test('the next page of a list is an address of the app', async () => {
    await start(receiver.destination(), { settings: { PUBLIC_BASE_URL: 'https://gateway.example.com/soc' } });
    receiver.answer = () => 410;
    const answers = await Promise.all(
      // Another product's: they take no permits.
      Array.from({ length: 101 }, (_, n) =>
        world.enrich({ ...OTHER_PRODUCT, id: `page-${n}` }, '?forward=siem'),
      ),
    );
    await receiver.arrived(101);
    const first = await eventually(async () => {
      const { json } = await world.get('/api/deliveries?destination=siem');
      return json.nextLink ? json : undefined; // marks are written a moment after the receiver has answered
    });
    const link = new URL(first.nextLink);
    expect(`${link.origin}${link.pathname}`).toBe('https://gateway.example.com/soc/api/deliveries');
    const second = await world.get(`/api/deliveries${link.search}`);
    const ids = [...first.value, ...second.json.value].map(({ id }: { id: string }) => id);
    for (const { json } of answers) expect(ids).toContain(json.delivery.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('know nothing of an id that is none of theirs: 404', async () => {
    await start();
    for (const id of ['0'.repeat(32), 'x', '..%2F..%2Fquota', 'A'.repeat(32), 'a'.repeat(5_000)]) {
      for (const [method, path] of [
        ['GET', id],
        ['POST', `${id}/redeliver`],
      ]) {
        const answer = await world.send(String(method), `/api/deliveries/${path}`);
        expect({ id, status: answer.status }).toEqual({ id, status: 404 });
        expect(answer.json.type).toMatch(/:delivery-unknown$/);
      }
    }
  });

  test('need the function key', async () => {
    await start(receiver.destination(), { functionKey: 'key-12345678' });
    expect((await world.get(`/api/deliveries/${'0'.repeat(32)}`)).status).toBe(401);
    expect((await world.send('POST', `/api/deliveries/${'0'.repeat(32)}/redeliver`)).status).toBe(401);
    expect((await world.get('/api/deliveries')).status).toBe(401);
    expect((await world.send('POST', '/api/deliveries/redeliver?destination=siem')).status).toBe(401);
    expect((await world.get(`/api/deliveries/${'0'.repeat(32)}?code=key-12345678`)).status).toBe(404);
  });
});
