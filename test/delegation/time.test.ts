import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { type DelegatedWorld, startDelegatedWorld } from '../support/delegated-world.js';
import { FakeTimers } from '../support/fake-timers.js';

const ALERT = { alertId: KNOWN_ALERT };
let time: FakeTimers;
let world: DelegatedWorld;
beforeEach(async () => {
  time = new FakeTimers();
  world = await time.until(startDelegatedWorld({ settings: { IPS_CACHE_SECONDS: '86400' } }));
});
afterEach(async () => {
  await time.until(world.close());
  time.end();
});

const ask = (token: string, query = '') => time.until(world.enrichAs(token, ALERT, query));

test('answers and tokens live no longer than the assertion, however long they would be kept', async () => {
  const ann = world.authority.signIn('ann', 600);
  expect((await ask(ann)).status).toBe(200);
  await time.pass(590_000);
  const late = await ask(ann);
  expect(late.json.enrichment.alerts[0].ageSeconds).toBeGreaterThanOrEqual(590);
  await time.pass(10_000);
  const over = await ask(ann);
  expect(over.status).toBe(401);
  expect(over.json.type).toMatch(/:user-token-expired$/);
  // With a new token the same person starts anew.
  expect((await ask(world.authority.signIn('ann'))).json.enrichment.alerts[0].ageSeconds).toBe(0);
  expect(world.asked()).toHaveLength(2);
});

test('an authority that hangs: 503 that names it after 8 s, or 200 degraded; its socket is let go', async () => {
  let closed = 0;
  world.authority.intercept = (_request, response) => {
    response.once('close', () => closed++);
    return true;
  };
  const began = world.clock.monotonicMs();
  const answer = await ask(world.authority.signIn('ann'));
  expect(answer.status).toBe(503);
  expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(answer.json.type).toMatch(/:identity-unavailable$/);
  expect(answer.json.detail).toContain(world.authority.url);
  expect(world.clock.monotonicMs() - began).toBeLessThan(9_000);
  const degraded = await ask(world.authority.signIn('ben'), '&onFailure=degrade');
  expect(degraded.status).toBe(200);
  expect(degraded.json).toMatchObject({ alert: ALERT, enrichment: { status: 'failed' } });
  await time.settle();
  expect(closed).toBe(2);
  expect(world.asked()).toEqual([]);
});

test('an authority that is down, then back: 503, and 200 as soon as it is, without a minute of waiting', async () => {
  world.authority.intercept = (_request, response) => {
    response.writeHead(503).end('{}');
    return true;
  };
  const ann = world.authority.signIn('ann');
  const answer = await ask(ann);
  expect(answer.status).toBe(503);
  world.authority.intercept = undefined;
  await time.pass(1000 * Number(answer.headers['retry-after']));
  expect((await ask(ann)).status).toBe(200);
});

test('an authority whose connection breaks, or that answers with a page: 503', async () => {
  for (const broken of ['cut', 'page']) {
    world.authority.intercept = (_request, response) => {
      if (broken === 'cut') response.destroy();
      else response.writeHead(400, { 'content-type': 'text/html' }).end('<html>proxy</html>');
      return true;
    };
    const answer = await ask(world.authority.signIn('ann'));
    expect(answer.status).toBe(503);
    expect(answer.json.type).toMatch(/:identity-unavailable$/);
  }
});

test('an authority whose connection breaks after an earlier answer: said to give no answer, not that one', async () => {
  world.authority.intercept = (request, response) => {
    const isToken = request.url?.includes('/oauth2/v2.0/token') ?? false; // asked for after the authority's discovery
    if (isToken) response.destroy();
    return isToken;
  };
  const answer = await ask(world.authority.signIn('ann'));
  expect(answer.status).toBe(503);
  expect(answer.json.detail).toContain('gave no token (no answer)');
});
