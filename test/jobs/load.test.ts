import { describe, expect, test } from '@jest/globals';
import { freshAlertIds } from '../support/alert-ids.js';
import { answerOf, insist, pathOf } from '../support/polling.js';
import { storedWorlds } from '../support/stored-world.js';
import type { World, WorldOptions } from '../support/world.js';

const stored = storedWorlds();
let world: World;

async function start(options: WorldOptions = {}): Promise<void> {
  world = await stored.start(options);
}

async function run(payload: unknown) {
  const path = pathOf(await insist(() => world.enrich(payload, '?mode=async')));
  return answerOf(world.get, path);
}

describe('jobs that are much', () => {
  test('a payload of 20 MB comes back as it was posted, with its IPs', async () => {
    await start();
    const [alertId = ''] = freshAlertIds(1);
    const filler = 'x'.repeat(20 * 1024 * 1024 - 100);
    const payload = `{"alertId":"${alertId}","filler":"${filler}"}`;
    const answer = await run(payload);
    expect(answer.status).toBe(200);
    expect(answer.text.length).toBeGreaterThan(payload.length);
    expect(answer.json.alert.filler === filler).toBe(true);
    expect(answer.json.alert.relatedIps).toHaveLength(answer.json.enrichment.ips.length);
  });

  test('ten at once are all done, each alert asked once', async () => {
    const limits = { perMinute: 500, perHour: 1_500 };
    await start({ settings: { QUOTA_PER_MINUTE: '500' }, defender: limits });
    const posts = Array.from({ length: 10 }, () => freshAlertIds(2));
    const answers = await Promise.all(posts.map((alertIds) => run({ alertIds })));
    expect(answers.map(({ json }) => json.enrichment.status)).toEqual(Array(10).fill('complete'));
    expect(world.asked()).toHaveLength(new Set(posts.flat()).size);
  });

  test('one whose alerts are all cached needs no permit', async () => {
    await start({ settings: { QUOTA_PER_HOUR: '60' } });
    const alertIds = freshAlertIds(60);
    expect((await world.enrich({ alertIds })).json.enrichment.quota.hour.remaining).toBe(0);
    const { json } = await run({ alertIds });
    expect(json.enrichment.status).toBe('complete');
    expect(json.enrichment.alerts).toHaveLength(60);
    expect(world.asked()).toHaveLength(60);
  });

  test('an answer ten thousand times as large as the payload', async () => {
    await start();
    const alertIds = freshAlertIds(20);
    const payload = JSON.stringify({ alertIds });
    alertIds.forEach((id, n) => {
      world.defender.alerts.set(
        id,
        Array.from({ length: 5_000 }, (_, ip) => `10.${n}.${ip >> 8}.${ip & 255}`),
      );
    });
    const answer = await run(payload);
    expect(answer.json.enrichment.ips).toHaveLength(100_000);
    expect(answer.text.length).toBeGreaterThan(10_000 * payload.length);
  });
});

describe('an upstream that says when', () => {
  test('429 with Retry-After: 3600, where a job is allowed → at once 202 with the same wait, without another call', async () => {
    await start();
    const [alertId] = freshAlertIds(1);
    world.defender.intercept = (_request, response) => {
      response.writeHead(429, { 'retry-after': '3600' }).end();
      return true;
    };
    for (let posts = 0; posts < 2; posts++) {
      const answer = await world.enrich({ alertId }, '?mode=auto');
      expect(answer.status).toBe(202);
      const seconds = Number(answer.headers['retry-after']);
      expect(seconds).toBeGreaterThan(3_400);
      expect(seconds).toBeLessThanOrEqual(3_600);
      expect(answer.json.enrichment).toMatchObject({ done: 0, total: 1 });
    }
    expect(world.asked()).toHaveLength(1);
  });
});
