import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { freshAlertIds } from '../support/alert-ids.js';
import type { Answer } from '../support/exchange.js';
import { answerOf, insist, pathOf } from '../support/polling.js';
import { storedWorlds } from '../support/stored-world.js';
import type { World, WorldOptions } from '../support/world.js';

const stored = storedWorlds();
let world: World;

async function start(settings: Record<string, string> = {}, options: WorldOptions = {}): Promise<World> {
  world = await stored.start({ ...options, settings });
  return world;
}

/** A 202, and the path to ask at. */
function accepted(answer: Answer, total: number): string {
  expect(answer.status).toBe(202);
  const { enrichment } = answer.json;
  expect(enrichment).toMatchObject({ status: 'running', total, id: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(answer.headers['retry-after']).toBe(String(enrichment.retryAfterSeconds));
  expect(answer.headers.location).toBe(`${world.host.url}${pathOf(answer)}`);
  expect(pathOf(answer)).toMatch(new RegExp(`^/api/enrichments/${enrichment.id}\\?token=[\\w-]{43}$`));
  return pathOf(answer);
}

describe('mode=async', () => {
  test('is a 202 at once, then what the synchronous call would have answered', async () => {
    await start();
    const [first = '', second = ''] = freshAlertIds(2);
    const payload = `{"value": [ {"alertId":"${first}","n":12345678901234567890}, {"alertId":"${second}"} ]}`;
    const path = accepted(await world.enrich(payload, '?mode=async'), 2);
    const done = await answerOf(world.get, path);
    const sync = await world.enrich(payload);
    expect(done.status).toBe(200);
    const { id, quota, ...rest } = sync.json.enrichment;
    expect(done.json.enrichment).toMatchObject({ id: path.split(/[/?]/)[3], status: 'complete' });
    expect(done.json.enrichment.ips).toEqual(rest.ips);
    expect(done.text).toContain('12345678901234567890');
    expect(done.json.alert).toEqual(sync.json.alert);
    expect(done.headers).toMatchObject({
      'content-type': 'application/json',
      'enrichment-status': 'complete',
    });
    expect(world.asked()).toHaveLength(2);
    expect((await world.get(path)).text).toBe(done.text);
  });

  test('sources=all asks every source, and each alert as the post would have been', async () => {
    await start({ IP_SOURCES: 'defender,graph' });
    const [known = ''] = freshAlertIds(1);
    const office = `fa${randomUUID()}`;
    const payload = [{ alertId: known }, { alertId: office, product: 'Microsoft Defender for Office 365' }];
    const path = accepted(await world.enrich(payload, '?mode=async&sources=all'), 2);
    const done = await answerOf(world.get, path);
    expect(done).toMatchObject({ status: 200 });
    expect(done.json.enrichment.alerts).toMatchObject([
      { alertId: known, status: 'found' },
      { alertId: office, status: 'found', product: 'Microsoft Defender for Office 365' },
    ]);
    for (const { alertIds, sources } of done.json.enrichment.ips) {
      expect(sources).toEqual(alertIds.includes(known) ? ['defender', 'graph'] : ['graph']);
    }
    expect(done.json.enrichment.ips[0].evidence.verdict).toBe('suspicious');
    expect(Object.keys(done.json.enrichment.quotas)).toEqual(['defender', 'graph']);
    expect([world.defender.arrivals.length, world.graph.arrivals.length]).toEqual([1, 2]);
    // What one instance found of Graph another one has, beside Defender's.
    const other = await stored.start({ settings: { IP_SOURCES: 'graph', WEBSITE_SLOT_NAME: world.slot } });
    const again = await other.enrich({ alertId: known });
    expect(again.json.enrichment.ips[0].evidence.verdict).toBe('suspicious');
    expect(other.graph.arrivals).toEqual([]);
  });

  test('the form, onFailure and stats are those of the post', async () => {
    await start();
    const known = KNOWN_ALERT; // its addresses are public ones
    const [unlucky = ''] = freshAlertIds(1);
    const ips = accepted(await world.enrich({ alertId: known }, '?mode=async&format=ips&stats=true'), 1);
    const answer = await answerOf(world.get, ips);
    expect(answer.json[0] ?? answer.json.ips?.[0]).toBeDefined();
    expect(world.asked().some((path) => path.includes('/stats'))).toBe(true);
    world.defender.intercept = (_request, response) => {
      response
        .writeHead(403, { 'content-type': 'application/json' })
        .end('{"error":{"code":"Forbidden","message":"no"}}');
      return true;
    };
    const fail = accepted(
      await world.enrich({ alertIds: [known, unlucky] }, '?mode=async&onFailure=fail'),
      2,
    );
    const failed = await answerOf(world.get, fail);
    expect(failed.status).toBe(502);
    expect(failed.headers['content-type']).toBe('application/problem+json');
    const degrade = accepted(
      await world.enrich({ alertIds: [known, unlucky] }, '?mode=async&onFailure=degrade'),
      2,
    );
    expect((await answerOf(world.get, degrade)).json.enrichment.status).toBe('partial');
  });

  test('a payload without an alert is refused at once', async () => {
    await start();
    expect((await world.enrich({ nothing: 'here' }, '?mode=async')).status).toBe(422);
  });

  test('without storage it is a 400 that says so, and auto is sync', async () => {
    await start({ STATE_STORAGE: 'memory' });
    const [id] = freshAlertIds(1);
    const refused = await world.enrich({ alertId: id }, '?mode=async');
    expect(refused.status).toBe(400);
    expect(refused.json.detail).toContain('STATE_STORAGE');
    expect((await world.enrich({ alertId: id }, '?mode=auto')).status).toBe(200);
    expect((await world.get(`/api/enrichments/${'a'.repeat(32)}?token=x`)).status).toBe(404);
  });
});

interface Told {
  readonly status: string;
  readonly error?: { readonly type: string };
}

describe('mode=auto', () => {
  const small = { QUOTA_PER_HOUR: '5', QUOTA_RESERVE_PERCENT: '20' };

  test('is a 200 while the quota lasts, and a 202 with what is there already when it does not', async () => {
    await start(small);
    const ids = freshAlertIds(7);
    expect((await world.enrich({ alertIds: ids.slice(0, 2) }, '?mode=auto')).status).toBe(200);
    const overflow = await world.enrich({ alertIds: ids }, '?mode=auto');
    const path = accepted(overflow, 7);
    expect(overflow.json.enrichment.done).toBe(5);
    expect(overflow.json.enrichment.retryAfterSeconds).toBeGreaterThan(3_000);
    expect(overflow.json.enrichment.retryAfterSeconds).toBeLessThanOrEqual(3_610);
    expect(world.asked()).toHaveLength(5);

    const unclear = await world.get(`${path}&partial=banana`);
    expect([unclear.status, unclear.json.type]).toEqual([400, expect.stringContaining('invalid-option')]);
    const soFar = await world.get(`${path}&partial=true&utm_source=x`);
    expect(soFar.status).toBe(200);
    expect(soFar.json.enrichment.status).toBe('partial');
    // Whose permits those were is the order in which the shared cache knew nothing of them.
    const asked = world.asked().join();
    const told = soFar.json.enrichment.alerts.map(({ status, error }: Told) => error?.type ?? status);
    const notYet = expect.stringMatching(/:not-looked-up-yet$/);
    expect(told).toEqual(ids.map((id) => (asked.includes(`/${id}/`) ? 'found' : notYet)));
    const again = await world.get(path);
    expect(again.status).toBe(202);
    expect(again.headers.location).toBe(`${world.host.url}${path}`);
  });

  test('sync never is a 202', async () => {
    await start(small);
    const answer = await world.enrich({ alertIds: freshAlertIds(7) }, '?mode=sync');
    expect(answer.status).toBe(200);
    expect(answer.json.enrichment.status).toBe('partial');
  });

  test('the deadline makes a job too', async () => {
    await start();
    let held = true;
    world.defender.intercept = () => held; // held requests are never answered
    const answer = await world.enrich({ alertIds: freshAlertIds(1) }, '?mode=auto&wait=2');
    held = false;
    const path = accepted(answer, 1);
    expect((await answerOf(world.get, path)).json.enrichment.status).toBe('complete');
  });
});

describe('a repeated post', () => {
  test('joins the running job with a token of its own, and begins another one once it has ended', async () => {
    await start({ QUOTA_PER_HOUR: '2', QUOTA_RESERVE_PERCENT: '0' });
    const ids = freshAlertIds(3);
    const posts = await Promise.all(
      Array.from({ length: 3 }, () => insist(() => world.enrich({ alertIds: ids }, '?mode=async'))),
    );
    const paths = posts.map((post) => accepted(post, 3));
    expect(new Set(paths.map((path) => path.split('?')[0])).size).toBe(1);
    expect(new Set(paths).size).toBe(3);
    for (const path of paths) expect((await insist(() => world.get(path))).status).toBe(202);
    const other = accepted(await world.enrich({ alertIds: ids }, '?mode=async&format=ips'), 3);
    expect(paths[0]).not.toContain(other.split('?')[0]);
  });

  test('is what has the same dedupe key; with another body or other options it is a 409, and nothing is shown', async () => {
    await start({ QUOTA_PER_HOUR: '1', QUOTA_RESERVE_PERCENT: '0' });
    const alertIds = freshAlertIds(3);
    const post = (query: string, ids = alertIds) => world.enrich({ alertIds: ids }, query);
    const first = pathOf(await post('?mode=async&dedupe=incident-1')).split('?')[0];
    expect(pathOf(await post('?mode=async&dedupe=incident-1')).split('?')[0]).toBe(first);
    expect(pathOf(await post('?mode=async&dedupe=incident-2')).split('?')[0]).not.toBe(first);
    for (const refused of [
      await post('?mode=async&dedupe=incident-1', freshAlertIds(3)),
      await post('?mode=async&dedupe=incident-1&format=ips'),
    ]) {
      expect([refused.status, refused.json.type]).toEqual([409, expect.stringMatching(/:dedupe-reused$/)]);
      expect(refused.headers.location).toBeUndefined();
      expect(refused.text).not.toContain(String(first?.split('/').at(-1)));
    }
    expect((await world.enrich({}, '?dedupe=')).status).toBe(400);
  });

  test('after the end is another job', async () => {
    await start();
    const alertIds = freshAlertIds(1);
    const first = pathOf(await world.enrich({ alertIds }, '?mode=async'));
    await answerOf(world.get, first);
    const second = pathOf(await world.enrich({ alertIds }, '?mode=async'));
    expect(second.split('?')[0]).not.toBe(first.split('?')[0]);
    expect((await answerOf(world.get, second)).json.enrichment.status).toBe('complete');
    expect(world.asked()).toHaveLength(1);
  });
});

describe('who asks', () => {
  test('with a wrong, foreign or malformed id or token gets the 404 of a job that never was', async () => {
    await start();
    const mine = pathOf(await world.enrich({ alertIds: freshAlertIds(1) }, '?mode=async'));
    const other = pathOf(await world.enrich({ alertIds: freshAlertIds(1) }, '?mode=async'));
    const [id = '', token = ''] = mine.replace('/api/enrichments/', '').split('?token=');
    const [otherId = '', otherToken = ''] = other.replace('/api/enrichments/', '').split('?token=');
    const unknown = await world.get(`/api/enrichments/${'0'.repeat(32)}?token=${token}`);
    expect(unknown.status).toBe(404);
    for (const path of [
      `${id}?token=${otherToken}`,
      `${otherId}?token=${token}`,
      `${id}?token=${token.slice(0, -1)}`,
      `${id}?token=`,
      id,
      `${id.toUpperCase().replace(/[0-9]/g, 'F')}?token=${token}`,
      `..%2F${id}?token=${token}`,
      `${'a'.repeat(5_000)}?token=${token}`,
    ]) {
      const { status, json } = await world.get(`/api/enrichments/${path}`);
      expect({ path, status }).toEqual({ path, status: 404 });
      expect({ ...json, requestId: '' }).toEqual({ ...unknown.json, requestId: '' });
    }
    expect((await world.get(mine)).status).toBeLessThan(300);
  });

  test('finds the address that it came by, and PUBLIC_BASE_URL before that', async () => {
    await start({ QUOTA_PER_HOUR: '1' });
    const post = (headers: Record<string, string>) =>
      world.enrich({ alertIds: freshAlertIds(9) }, '?mode=async', headers);
    const plain = await post({ host: 'app.example.net' });
    expect(plain.headers.location).toMatch(/^http:\/\/app\.example\.net\/api\/enrichments\//);
    const tls = await post({ host: 'app.example.net', 'x-forwarded-proto': 'https' });
    expect(tls.headers.location).toMatch(/^https:\/\/app\.example\.net\/api\/enrichments\//);
    await start({ PUBLIC_BASE_URL: 'https://gateway.example.com/soc/' });
    const behind = await post({ host: 'app.example.net' });
    expect(behind.headers.location).toMatch(/^https:\/\/gateway\.example\.com\/soc\/api\/enrichments\//);
  });

  test('needs no function key, and the post does', async () => {
    await start({}, { functionKey: 'key-12345678' });
    const payload = { alertIds: freshAlertIds(1) };
    expect((await world.enrich(payload, '?mode=async')).status).toBe(401);
    const path = pathOf(await world.enrich(payload, '?mode=async&code=key-12345678'));
    expect((await answerOf(world.get, path)).status).toBe(200);
  });
});
