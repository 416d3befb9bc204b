import { expect, test } from '@jest/globals';
import { UNKNOWN_ALERT } from '../../local/defender/alerts.js';
import { alertIds } from '../support/alert-ids.js';
import { faultHarness } from '../support/fault-harness.js';
import { expectDegraded, expectMendable, expectRetryLater } from '../support/problems.js';
import type { World } from '../support/world.js';
import { always, first, upstreamError } from './answers.js';
import { ALERT, IPS } from './payloads.js';

const fire = faultHarness();
const tooMany = (retryAfter?: string, date?: string) =>
  upstreamError(429, 'TooManyRequests', {
    ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    ...(date === undefined ? {} : { date }),
  });

/** Milliseconds between the arrivals at Defender. */
function gaps(world: World): number[] {
  const times = world.defender.arrivals.map(({ atMs }) => atMs);
  return times.slice(1).map((at, index) => Math.round(at - (times[index] as number)));
}

test('429 with Retry-After: 2 → nobody asks Defender anything for 2 s, then every caller gets 200', async () => {
  const world = await fire.startWorld();
  world.defender.intercept = first(tooMany('2'));
  const throttled = world.enrich(ALERT);
  await fire.time.settle();
  const [other] = alertIds(1);
  const bystander = world.enrich({ ...ALERT, id: other });
  expect((await fire.time.until(throttled)).json.alert.relatedIps).toEqual(IPS);
  expect((await fire.time.until(bystander)).status).toBe(200);
  const [one, ...others] = world.defender.arrivals.map(({ atMs }) => atMs) as [number, ...number[]];
  expect(others).toHaveLength(2);
  for (const atMs of others) expect(atMs - one).toBeGreaterThanOrEqual(2_000);
  for (const atMs of others) expect(atMs - one).toBeLessThan(2_100);
});

test('429 with Retry-After: 3600 → at once 429 with the same wait, or 200 degraded, for everybody; 200 after it', async () => {
  const world = await fire.startWorld();
  world.defender.intercept = first(tooMany('3600'));
  const began = world.clock.monotonicMs();
  expect(expectRetryLater(await fire.time.until(world.enrich(ALERT)), 429, 'quota-exhausted')).toBe(3600);
  const degraded = await fire.time.until(world.enrich(ALERT, '?onFailure=degrade'));
  expectDegraded(degraded, ALERT, 'quota-exhausted');
  expect(degraded.headers['retry-after']).toBe('3600');
  expect(degraded.json.enrichment.alerts[0].retryAfterSeconds).toBe(3600);
  expect(world.clock.monotonicMs() - began).toBeLessThan(100);
  expect(world.asked()).toHaveLength(1);
  await fire.time.pass(3_600_000);
  expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
});

test('429 with a Retry-After that is malformed, a date or a past date → jittered backoff; the date by the upstream’s own clock; no wait', async () => {
  const backoff = async (retryAfter: string | undefined, random: number) => {
    const world = await fire.startWorld({ random: () => random });
    world.defender.intercept = first(tooMany(retryAfter));
    expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
    return gaps(world);
  };
  for (const malformed of [undefined, 'soon', '-1', '1.5', '1e9', '2, 3', 'Mon, 99 Foo 2026']) {
    expect(await backoff(malformed, 0)).toEqual([500]);
    expect(await backoff(malformed, 0.998)).toEqual([999]);
  }

  const dated = async (date: string | undefined, retryAt: string) => {
    const world = await fire.startWorld();
    world.defender.intercept = first(tooMany(retryAt, date));
    expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
    return gaps(world);
  };
  const at = (offsetMs: number) => new Date(Date.now() + offsetMs).toUTCString();
  // Their clock is ten minutes behind, or ahead; what counts is the difference of their two dates.
  expect(await dated(at(-600_000), at(-597_000))).toEqual([3_000]);
  expect(await dated(at(600_000), at(603_000))).toEqual([3_000]);
  expect(await dated(at(0), at(-60_000))).toEqual([0]);
  const [gap = 0] = await dated(undefined, at(5_000));
  expect(gap).toBeGreaterThan(4_000); // by our own clock; HTTP dates have whole seconds
  expect(gap).toBeLessThanOrEqual(5_000);
});

test('408, 500, 502, 503, 504 → two retries within the deadline, then 503 with Retry-After or 200 degraded; a redelivery works', async () => {
  for (const status of [408, 500, 502, 503, 504]) {
    const world = await fire.startWorld();
    const down = upstreamError(status, 'InternalServerError');
    world.defender.intercept = first(down, down);
    expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
    expect(gaps(world)).toEqual([375, 750]);

    const other = { ...ALERT, id: alertIds(1)[0] };
    world.defender.intercept = always(down);
    const failed = await fire.time.until(world.enrich(other));
    const seconds = expectRetryLater(failed, 503, 'upstream-unavailable');
    expect(failed.json).toMatchObject({
      correlationId: 'correlation-0815',
      detail: expect.stringContaining(`${status}`),
    });
    expect(world.asked()).toHaveLength(3 + 3);
    expectDegraded(
      await fire.time.until(world.enrich(other, '?onFailure=degrade')),
      other,
      'upstream-unavailable',
    );
    expect(world.asked()).toHaveLength(3 + 3 + 3);

    world.defender.intercept = undefined;
    await fire.time.pass(seconds * 1000);
    expect((await fire.time.until(world.enrich(other))).status).toBe(200);
  }
});

test('400 or 403 → no retry; 502 that says what to fix, with Defender’s correlation id and without Retry-After', async () => {
  for (const [status, code, kind, hint] of [
    [400, 'InvalidInput', 'request-refused', 'InvalidInput'],
    [403, 'Forbidden', 'permission-missing', 'Ip.Read.All'],
  ] as const) {
    const world = await fire.startWorld();
    world.defender.intercept = always(upstreamError(status, code));
    const answer = await fire.time.until(world.enrich(ALERT));
    expectMendable(answer, 502, kind);
    expect(answer.json.detail).toContain(hint);
    expect(answer.json.correlationId).toBe('correlation-0815');
    if (status === 403) expect(answer.json.detail).toContain('24 hours');
    expect(world.asked()).toHaveLength(1);
    expectDegraded(await fire.time.until(world.enrich(ALERT, '?onFailure=degrade')), ALERT, kind);
  }
});

test("404 in Defender's own words → 200 with that alert not_found and no IPs, and the others enriched", async () => {
  const world = await fire.startWorld();
  const posted = { alertIds: [UNKNOWN_ALERT, ALERT.id] };
  const { status, json } = await fire.time.until(world.enrich(posted));
  expect(status).toBe(200);
  expect(json.enrichment.status).toBe('complete');
  expect(json.enrichment.alerts).toMatchObject([
    { alertId: UNKNOWN_ALERT, status: 'not_found', ips: [] },
    { alertId: ALERT.id, status: 'found', ips: IPS },
  ]);
  expect(world.asked()).toHaveLength(2);
});

test('401 → the token is asked for once more, by all concurrent callers together: 200 with another one, 502 at once with the same one, naming the platform’s 24-hour token cache', async () => {
  // Tokens under 300 s are not kept by the identity library: each attempt brings another one.
  const renewing = await fire.startWorld({ identity: { tokenLifetimeSeconds: 200 } });
  refuseFirstToken(renewing);
  const answers = await fire.time.until(
    Promise.all(alertIds(10).map((id) => renewing.enrich({ ...ALERT, id }))),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
  expect(renewing.identity.requests).toHaveLength(2);
  // Each was refused once at most, and asked once more.
  expect(renewing.asked().length).toBeLessThanOrEqual(20);

  // Tokens of a day are kept by the library, as the platform's back end keeps them: it is the same again.
  const stuck = await fire.startWorld();
  refuseFirstToken(stuck);
  const began = stuck.clock.monotonicMs();
  const answer = await fire.time.until(stuck.enrich(ALERT));
  expectMendable(answer, 502, 'token-refused');
  expect(answer.json.detail).toMatch(/24 hours/);
  expect(stuck.clock.monotonicMs() - began).toBeLessThan(100);
  expect(stuck.asked()).toHaveLength(1);
  expectDegraded(await fire.time.until(stuck.enrich(ALERT, '?onFailure=degrade')), ALERT, 'token-refused');
});

/** Whatever token comes first is refused from then on. */
function refuseFirstToken(world: World): void {
  let refused: string | undefined;
  world.defender.intercept = (request, response) => {
    refused ??= request.headers.authorization;
    if (request.headers.authorization !== refused) return false;
    return always(upstreamError(401, 'Unauthorized'))(request, response);
  };
}
