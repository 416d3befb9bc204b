import { expect, test } from '@jest/globals';
import { faultHarness } from '../support/fault-harness.js';
import { ALERT, IPS, PATH } from './payloads.js';

const fire = faultHarness();

test('a duplicate alert within the TTL → the same answer without an upstream call; asked again after it', async () => {
  const world = await fire.startWorld({ settings: { IPS_CACHE_SECONDS: '300' } });
  const first = await fire.time.until(world.enrich(ALERT));
  await fire.time.pass(299_000);
  const second = await fire.time.until(world.enrich(ALERT));
  expect(second.json.alert).toEqual(first.json.alert);
  expect(second.json.enrichment.ips).toEqual(first.json.enrichment.ips);
  expect(second.json.enrichment.alerts[0].ageSeconds).toBe(299);
  expect(world.asked()).toHaveLength(1);
  await fire.time.pass(1_000);
  const third = await fire.time.until(world.enrich(ALERT));
  expect(third.json.enrichment.alerts[0].ageSeconds).toBe(0);
  expect(world.asked()).toHaveLength(2);
});

test('50 concurrent duplicates → 50 answers from 1 upstream call and 1 charge to the quota', async () => {
  const world = await fire.startWorld({ defender: { latencyMs: { min: 200, max: 200 } } });
  const answers = await fire.time.until(Promise.all(Array.from({ length: 50 }, () => world.enrich(ALERT))));
  for (const { status, json } of answers) {
    expect(status).toBe(200);
    expect(json.alert).toEqual({ ...ALERT, relatedIps: IPS });
  }
  expect(world.asked()).toEqual([PATH]);
  expect(answers[0]?.json.enrichment.quota.minute.remaining).toBe(99);
});

test("the same alert id in another payload → each caller's own payload enriched, never the other one's", async () => {
  const world = await fire.startWorld({ defender: { latencyMs: { min: 200, max: 200 } } });
  const payloads = Array.from({ length: 20 }, (_, caller) => ({ ...ALERT, caller: `caller ${caller}` }));
  const together = await fire.time.until(Promise.all(payloads.map((payload) => world.enrich(payload))));
  const later = await fire.time.until(world.enrich({ ...ALERT, caller: 'later' }));
  for (const [index, { json }] of together.entries()) {
    expect(json.alert).toEqual({ ...payloads[index], relatedIps: IPS });
  }
  expect(later.json.alert).toEqual({ ...ALERT, caller: 'later', relatedIps: IPS });
  expect(world.asked()).toEqual([PATH]);
});
