import { expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import { alertIds } from '../support/alert-ids.js';
import { faultHarness } from '../support/fault-harness.js';
import { expectDegraded, expectRetryLater } from '../support/problems.js';
import type { World } from '../support/world.js';
import { ALERT } from './payloads.js';

const fire = faultHarness();

const view = async (world: World) => {
  const { json } = await fire.time.until(world.enrich(ALERT, '?onFailure=degrade'));
  const { minute, hour } = json.enrichment.quota;
  return { minute: minute.remaining, hour: hour.remaining };
};

test('call 101 in a minute or 1,501 in an hour → 429 or 200 degraded with the exact wait, neither window charged, Defender not asked; 200 after that wait', async () => {
  const world = await fire.startWorld();
  const ids = alertIds(1500);
  const began = world.clock.monotonicMs();
  const batch = async (number: number) => {
    const { json } = await fire.time.until(
      world.enrich({ alertIds: ids.slice(number * 100, number * 100 + 100) }),
    );
    expect(json.enrichment.status).toBe('complete');
  };

  await batch(0);
  await fire.time.pass(20_000);
  expect(await view(world)).toEqual({ minute: 0, hour: 1400 });
  const minuteWait = expectRetryLater(await fire.time.until(world.enrich(ALERT)), 429, 'quota-exhausted');
  expect(minuteWait).toBe(42); // the window is 62 s: a minute and the guard
  const degraded = await fire.time.until(world.enrich(ALERT, '?onFailure=degrade'));
  expectDegraded(degraded, ALERT, 'quota-exhausted');
  expect(degraded.headers['retry-after']).toBe('42');
  expect(await view(world)).toEqual({ minute: 0, hour: 1400 });
  expect(world.asked()).toHaveLength(100);
  await fire.time.pass(minuteWait * 1000);

  for (let number = 1; number < 15; number++) {
    await batch(number);
    await fire.time.pass(62_000);
  }
  expect(await view(world)).toEqual({ minute: 100, hour: 0 });
  const spentMs = world.clock.monotonicMs() - began;
  const hourWait = expectRetryLater(await fire.time.until(world.enrich(ALERT)), 429, 'quota-exhausted');
  expect(hourWait).toBe(Math.ceil((3_602_000 - spentMs) / 1000));
  expect(await view(world)).toEqual({ minute: 100, hour: 0 });
  expect(world.asked()).toHaveLength(1500);
  await fire.time.pass(hourWait * 1000);
  expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);

  const arrivals = world.defender.arrivals.map(({ atMs }) => atMs);
  expect(mostInAnyWindow(arrivals, 60_000)).toBe(100);
  expect(mostInAnyWindow(arrivals, 3_600_000)).toBe(1500);
  expect(world.defender.arrivals.every(({ status }) => status === 200)).toBe(true);
});
