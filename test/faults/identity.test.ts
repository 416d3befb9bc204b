import { expect, test } from '@jest/globals';
import type { Intercept } from '../../local/intercept.js';
import { alertIds } from '../support/alert-ids.js';
import { faultHarness } from '../support/fault-harness.js';
import { expectDegraded, expectRetryLater } from '../support/problems.js';
import { ALERT } from './payloads.js';

const fire = faultHarness();

/** An endpoint that cuts every connection, and counts the requests that it has at the same time. */
function cutting(): Intercept & { most: number } {
  let now = 0;
  const intercept: Intercept & { most: number } = Object.assign(
    (
      _request: unknown,
      response: { destroy(): unknown; once(event: 'close', listener: () => void): unknown },
    ) => {
      intercept.most = Math.max(intercept.most, ++now);
      response.once('close', () => now--);
      response.destroy();
      return true;
    },
    { most: 0 },
  );
  return intercept;
}

test('identity endpoint down and no token yet → 503 with Retry-After or 200 degraded, one token attempt in flight, no call and no charge; 200 once it is back', async () => {
  const world = await fire.startWorld();
  const down = cutting();
  world.identity.intercept = down;
  const answers = await fire.time.until(
    Promise.all(alertIds(20).map((id) => world.enrich({ ...ALERT, id }))),
  );
  for (const answer of answers) expectRetryLater(answer, 503, 'identity-unavailable');
  expect(down.most).toBe(1);
  const asked = world.identity.requests.length;
  expect(asked).toBeLessThanOrEqual(4); // the library's own retries of the one attempt
  // For some seconds the failure is known: nobody asks again, and nobody waits.
  expectDegraded(
    await fire.time.until(world.enrich(ALERT, '?onFailure=degrade')),
    ALERT,
    'identity-unavailable',
  );
  expect(world.identity.requests).toHaveLength(asked);
  expect(world.asked()).toEqual([]);

  world.identity.intercept = undefined;
  await fire.time.pass(
    1000 * expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'identity-unavailable'),
  );
  const { status, json } = await fire.time.until(world.enrich(ALERT));
  expect(status).toBe(200);
  expect(json.enrichment.quota.minute.remaining).toBe(99);
});

test('identity endpoint down while the token is valid → 200s without a wait; after its expiry 503 or 200 degraded; the process lives, and 200 once it is back', async () => {
  const hour = 3_600_000;
  const world = await fire.startWorld({ settings: { IPS_CACHE_SECONDS: '0' } }); // a token of 24 hours
  expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
  world.identity.intercept = cutting();
  for (let hours = 1; hours < 24; hours++) {
    await fire.time.pass(hour);
    const began = world.clock.monotonicMs();
    expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
    expect(world.clock.monotonicMs() - began).toBeLessThan(100);
  }
  await fire.time.pass(hour);
  expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'identity-unavailable');
  expectDegraded(
    await fire.time.until(world.enrich(ALERT, '?onFailure=degrade')),
    ALERT,
    'identity-unavailable',
  );
  world.identity.intercept = undefined;
  await fire.time.pass(10_000);
  expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
});

test('50 cold requests at once → 50 answers with 1 token call', async () => {
  const world = await fire.startWorld();
  const answers = await fire.time.until(
    Promise.all(alertIds(50).map((id) => world.enrich({ ...ALERT, id }))),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
  expect(world.identity.requests).toHaveLength(1);
  expect(world.asked()).toHaveLength(50);
});
