import { expect, test } from '@jest/globals';
import { makeToken } from '../../local/identity/token.js';
import type { Intercept } from '../../local/intercept.js';
import { alertIds } from '../support/alert-ids.js';
import { faultHarness } from '../support/fault-harness.js';
import { expectMendable, expectRetryLater } from '../support/problems.js';
import type { World } from '../support/world.js';
import { always, upstreamError } from './answers.js';
import { ALERT } from './payloads.js';

const fire = faultHarness();
const NO_CACHE = { IPS_CACHE_SECONDS: '0' };

test('the identity endpoint hangs for ever with 20 callers waiting → all are answered, by one attempt of 10 s, and its socket is closed', async () => {
  const world = await fire.startWorld();
  let closed = 0;
  world.identity.intercept = (_request, response) => {
    response.once('close', () => closed++);
    return true;
  };
  const began = world.clock.monotonicMs();
  const waits = alertIds(20).map(async (id, index) => {
    const wait = index < 10 ? 5 : 25;
    const answer = await world.enrich({ ...ALERT, id }, `?wait=${wait}`);
    return { wait, answer, tookMs: world.clock.monotonicMs() - began };
  });
  for (const { wait, answer, tookMs } of await fire.time.until(Promise.all(waits))) {
    expectRetryLater(
      answer,
      wait === 5 ? 504 : 503,
      wait === 5 ? 'deadline-exceeded' : 'identity-unavailable',
    );
    expect(answer.json.failedAlerts).toHaveLength(1);
    expect(tookMs).toBeLessThan(wait === 5 ? 5_000 : 10_100);
  }
  await fire.time.settle();
  expect(closed).toBe(1);
  expect(world.identity.requests).toHaveLength(1);

  // The next attempt hangs as well, and is the only one.
  await fire.time.pass(5_000);
  const again = Promise.all(alertIds(20).map((id) => world.enrich({ ...ALERT, id })));
  for (const answer of await fire.time.until(again)) expectRetryLater(answer, 503, 'identity-unavailable');
  expect(world.identity.requests).toHaveLength(2);
  expect(world.asked()).toEqual([]);
});

test('the identity endpoint stalls in the middle of its answer → cut after 10 s like one that hangs', async () => {
  const world = await fire.startWorld();
  let closed = 0;
  world.identity.intercept = (_request, response) => {
    response.once('close', () => closed++);
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"access_token":');
    return true;
  };
  const began = world.clock.monotonicMs();
  expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'identity-unavailable');
  expect(world.clock.monotonicMs() - began).toBeLessThan(10_100);
  await fire.time.settle();
  expect(closed).toBe(1);
});

test('the identity endpoint asks to come back in an hour → callers are told within 10 s, and nothing of the attempt goes on', async () => {
  const world = await fire.startWorld();
  world.identity.intercept = always({ status: 503, headers: { 'retry-after': '3600' }, body: '{}' });
  expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'identity-unavailable');
  const asked = world.identity.requests.length;
  await fire.time.pass(3_700_000);
  expect(world.identity.requests).toHaveLength(asked);
});

test('the identity endpoint goes down before half-life, after it and past expiry, and comes back each time → 200s as long as the token is valid, then 503, then 200', async () => {
  const world = await fire.startWorld({ settings: NO_CACHE }); // a token of 24 hours
  const hour = 3_600_000;
  const ask = async () => {
    const began = world.clock.monotonicMs();
    const answer = await fire.time.until(world.enrich(ALERT));
    return { answer, tookMs: world.clock.monotonicMs() - began };
  };
  const expectAnswered = async () => {
    const { answer, tookMs } = await ask();
    expect(answer.status).toBe(200);
    expect(tookMs).toBeLessThan(100);
    await fire.time.settle();
  };
  await expectAnswered();

  // Down and up before half-life: nobody notices.
  world.identity.intercept = cut;
  await fire.time.pass(10 * hour);
  await expectAnswered();
  world.identity.intercept = undefined;

  // After half-life: one refresh in the background, for however many callers.
  await fire.time.pass(4 * hour);
  await expectAnswered();
  await expectAnswered();
  expect(world.identity.requests).toHaveLength(2);
  world.identity.intercept = cut;

  // Down after half-life: the tokens are used to their end, without a wait.
  for (let hours = 14; hours < 37; hours++) {
    await fire.time.pass(hour);
    await expectAnswered();
  }

  // Past the end of the second token, and back.
  await fire.time.pass(1.5 * hour);
  const { answer, tookMs } = await ask();
  const seconds = expectRetryLater(answer, 503, 'identity-unavailable');
  expect(tookMs).toBeLessThan(10_100);
  world.identity.intercept = undefined;
  await fire.time.pass(seconds * 1000);
  expect((await ask()).answer.status).toBe(200);
  await expectAnswered();
});

test('tokens with expires_on missing, in the past, no number or 60 s ahead → 503 for what has no usable end, 200 for the others, and no token is used past its end', async () => {
  const refused = [
    {},
    { expires_on: '' },
    { expires_on: null },
    { expires_on: 'soon' },
    { expires_on: 0 },
    { expires_on: -1 },
    { expires_on: seconds() - 60 },
    { expires_on: String(seconds() - 60) },
    { expires_on: seconds() + 20 }, // over before a call could arrive
  ];
  for (const end of refused) {
    const world = await fire.startWorld();
    giveTokens(world, end);
    expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'identity-unavailable');
    expect(world.asked()).toEqual([]);
  }
  for (const end of [
    { expires_on: seconds() + 3600 },
    { expires_on: String(seconds() + 3600) },
    { expires_on: new Date(Date.now() + 3_600_000).toISOString() },
  ]) {
    const world = await fire.startWorld();
    giveTokens(world, end);
    expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
  }

  const brief = await fire.startWorld({ identity: { tokenLifetimeSeconds: 60 }, settings: NO_CACHE });
  for (let call = 0; call < 6; call++) {
    expect((await fire.time.until(brief.enrich(ALERT))).status).toBe(200);
    await fire.time.pass(20_000);
  }
  expect(brief.defender.arrivals.every(({ status }) => status === 200)).toBe(true);
  expect(brief.identity.requests.length).toBeGreaterThan(2);
  expect(brief.identity.requests.length).toBeLessThanOrEqual(6);
});

test('an identity endpoint that answers 200 with a page, without a token or with a token that is no text → 503, and Defender is not asked', async () => {
  for (const body of [
    '<html>',
    '',
    '{}',
    '[]',
    'null',
    '{"access_token":""}',
    '{"access_token":7,"expires_on":1}',
  ]) {
    const world = await fire.startWorld();
    world.identity.intercept = always({ status: 200, body });
    expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'identity-unavailable');
    expect(world.asked()).toEqual([]);
  }
});

test('the identity endpoint refuses (400, 401, 403) → at once 502 that says what to fix', async () => {
  for (const status of [400, 401, 403]) {
    const world = await fire.startWorld();
    world.identity.intercept = always({
      status,
      body: JSON.stringify({ statusCode: status, message: 'No MSI found' }),
    });
    const began = world.clock.monotonicMs();
    const answer = await fire.time.until(world.enrich(ALERT));
    expectMendable(answer, 502, 'identity-refused');
    expect(answer.json.detail).toContain('AZURE_CLIENT_ID');
    expect(world.clock.monotonicMs() - began).toBeLessThan(100);
    expect(world.identity.requests).toHaveLength(1);
  }
});

test('the calendar jumps by ±10 minutes → tokens, cache ages, quota and waits are right all the same', async () => {
  const world = await fire.startWorld({ identity: { tokenLifetimeSeconds: 3600 } });
  const ids = alertIds(100);
  expect((await fire.time.until(world.enrich({ alertIds: ids }))).json.enrichment.status).toBe('complete');
  for (const jumpMs of [600_000, -1_200_000, 600_000]) {
    fire.time.jumpCalendar(jumpMs);
    const cached = await fire.time.until(world.enrich({ ...ALERT, id: ids[0] }));
    expect(cached.json.enrichment.alerts[0].ageSeconds).toBe(0);
    expect(expectRetryLater(await fire.time.until(world.enrich(ALERT)), 429, 'quota-exhausted')).toBe(62);
  }
  await fire.time.pass(62_000);
  for (const jumpMs of [600_000, -600_000]) {
    fire.time.jumpCalendar(jumpMs);
    const [id] = alertIds(1, 5_000_000 + jumpMs);
    expect((await fire.time.until(world.enrich({ ...ALERT, id }))).status).toBe(200);
  }
  // A jump past the token's end is its end: another one is fetched, and it is the one that is used.
  fire.time.jumpCalendar(3_600_000);
  const [id] = alertIds(1, 9_000_000);
  expect((await fire.time.until(world.enrich({ ...ALERT, id }))).status).toBe(200);
  expect(world.identity.requests).toHaveLength(2);
});

test('a storm of 50 callers whose token is refused with 401 → 50 answers of 502 at once, one renewal in flight, at most two calls each; of a token that cannot be renewed, one', async () => {
  const world = await fire.startWorld({ identity: { tokenLifetimeSeconds: 200 } });
  world.defender.intercept = always(upstreamError(401, 'Unauthorized'));
  let inFlight = 0;
  let mostInFlight = 0;
  world.identity.intercept = (_request, response) => {
    mostInFlight = Math.max(mostInFlight, ++inFlight);
    response.once('close', () => inFlight--);
    return false;
  };
  const answers = await fire.time.until(
    Promise.all(alertIds(50).map((id) => world.enrich({ ...ALERT, id }))),
  );
  for (const answer of answers) expectMendable(answer, 502, 'token-refused');
  expect(world.asked().length).toBeLessThanOrEqual(100);
  expect(mostInFlight).toBe(1);
  const stuck = await fire.startWorld();
  stuck.defender.intercept = always(upstreamError(401, 'Unauthorized'));
  const refused = await fire.time.until(
    Promise.all(alertIds(50).map((id) => stuck.enrich({ ...ALERT, id }))),
  );
  for (const answer of refused) expectMendable(answer, 502, 'token-refused');
  expect(stuck.asked()).toHaveLength(50);
  expect(stuck.identity.requests).toHaveLength(1);
});

const seconds = () => Math.floor(Date.now() / 1000);

/** Real tokens of an hour, with whatever the endpoint says of their end. */
function giveTokens(world: World, end: object): void {
  world.identity.intercept = (request, response) => {
    const resource = new URL(request.url ?? '', 'http://localhost').searchParams.get('resource') ?? '';
    const { token } = makeToken({
      resource,
      clientId: 'x',
      roles: ['Ip.Read.All'],
      nowMs: Date.now(),
      lifetimeSeconds: 3600,
    });
    return always({
      status: 200,
      body: JSON.stringify({ access_token: token, resource, token_type: 'Bearer', ...end }),
    })(request, response);
  };
}

/** An endpoint that is down: every connection is cut. */
const cut: Intercept = (_request, response) => {
  response.destroy();
  return true;
};
