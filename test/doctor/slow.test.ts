import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
// Loaded before time stands still: the app itself loads it when it is asked.
import '../../shared/delivery/agents.js';
import { type DelegatedWorld, startDelegatedWorld } from '../support/delegated-world.js';
import { FakeTimers } from '../support/fake-timers.js';
import { consult } from './consult.js';

let time: FakeTimers;
let world: DelegatedWorld;
beforeEach(async () => {
  time = new FakeTimers();
  world = await time.until(startDelegatedWorld());
});
afterEach(async () => {
  await time.until(world.close());
  time.end();
});

const hang = () => true;

test('everything hangs at once: each check says so of its own, side by side, and the doctor is back soon', async () => {
  world.identity.intercept = hang;
  world.authority.intercept = hang;
  world.defender.intercept = hang;
  const began = world.clock.monotonicMs();
  const { answer, bad } = await time.until(consult(world, `?probe=${KNOWN_ALERT}`));
  expect(world.clock.monotonicMs() - began).toBeLessThan(11_000);
  expect(answer.status).toBe(200);
  expect(bad).toEqual(['fail identity', 'fail defender', 'fail delegation', 'warn telemetry']);
});

test('the login authority and Defender hang: the others have long been right', async () => {
  world.authority.intercept = hang;
  world.defender.intercept = hang;
  const began = world.clock.monotonicMs();
  const { of, bad } = await time.until(consult(world, `?probe=${KNOWN_ALERT}`));
  expect(world.clock.monotonicMs() - began).toBeLessThan(11_000);
  expect(bad).toEqual(['fail defender', 'fail delegation', 'warn telemetry']);
  expect(of('defender').found).toContain('did not answer in time');
  expect(of('delegation').found).toContain('within 8 s');
});
