import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { alertIds } from '../support/alert-ids.js';
import type { Answer } from '../support/exchange.js';
import { faultHarness } from '../support/fault-harness.js';
import { expectRetryLater } from '../support/problems.js';
import type { World } from '../support/world.js';
import { always, first, upstreamError } from './answers.js';
import { ALERT, IPS } from './payloads.js';

const fire = faultHarness();

/** Asks with a wait of 5 s, and checks that it was kept. */
async function askWithin5s(world: World): Promise<Answer> {
  const began = world.clock.monotonicMs();
  const answer = await fire.time.until(world.enrich(ALERT, '?wait=5'));
  expect(world.clock.monotonicMs() - began).toBeLessThan(5_000);
  return answer;
}

function expectOutOfTime(answer: Answer, stage: string): void {
  expectRetryLater(answer, 504, 'deadline-exceeded');
  expect(answer.json.detail).toContain(stage);
}

test('the deadline falls into the wait for a token → 504 that names the identity endpoint; the token is there for the next caller', async () => {
  const world = await fire.startWorld();
  let give = () => {};
  const wait = new Promise<void>((resolve) => {
    give = resolve;
  });
  world.identity.intercept = async () => {
    await wait;
    return false;
  };
  expectOutOfTime(await askWithin5s(world), 'identity endpoint');
  give();
  await fire.time.settle();
  expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
  expect(world.identity.requests).toHaveLength(1);
});

test('the deadline comes before the next permit → 429 at once instead of a wait in vain; a permit that comes in time is waited for', async () => {
  const world = await fire.startWorld({ settings: { QUOTA_PER_MINUTE: '3' } });
  await fire.time.until(world.enrich({ alertIds: alertIds(3) }));
  await fire.time.pass(50_000);
  const began = world.clock.monotonicMs();
  expect(expectRetryLater(await askWithin5s(world), 429, 'quota-exhausted')).toBe(12);
  expect(world.clock.monotonicMs() - began).toBeLessThan(100);
  expect((await fire.time.until(world.enrich(ALERT, '?wait=15'))).status).toBe(200);
  expect(Math.round(world.clock.monotonicMs() - began)).toBe(12_000);
});

test('the deadline falls into the wait behind calls in flight → 504, and the calls in flight are not disturbed', async () => {
  const world = await fire.startWorld({ defender: { latencyMs: { min: 9_000, max: 9_000 } } });
  const busy = world.enrich({ alertIds: alertIds(32) });
  await fire.time.settle();
  expectOutOfTime(await askWithin5s(world), 'quota');
  expect(world.asked()).toHaveLength(32);
  expect((await fire.time.until(busy)).json.enrichment.status).toBe('complete');
});

test('the deadline falls into the connecting → 504 that names Defender, and the socket is closed', async () => {
  const silent = await fire.startSilentServer();
  const world = await fire.startWorld({ settings: { DEFENDER_API_HOST: silent.url } });
  expectOutOfTime(await askWithin5s(world), 'Defender');
  await fire.time.settle();
  expect(silent.open.size).toBe(0);
});

test('the deadline falls into the wait for headers, or into headers or a body that drip → 504 that names Defender, and the socket is closed', async () => {
  for (const begun of ['', 'HTTP/1.1 200 OK\r\nX-Drip: ', 'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n']) {
    const slow = await fire.startRawServer((socket) => {
      socket.write(begun);
      const drip = setInterval(() => (begun ? socket.write('x') : undefined), 1_000);
      socket.once('close', () => clearInterval(drip));
    });
    const world = await fire.startWorld({ settings: { DEFENDER_API_HOST: slow.url } });
    expectOutOfTime(await askWithin5s(world), 'Defender');
    await fire.time.settle();
    expect(slow.open.size).toBe(0);
    expect(slow.requests).toHaveLength(1);
  }
});

test('the deadline would fall into the wait before a retry → no such wait: the failure at once, with the upstream’s own Retry-After', async () => {
  const world = await fire.startWorld();
  const began = world.clock.monotonicMs();
  world.defender.intercept = always(upstreamError(503, 'Busy', { 'retry-after': '10' }));
  expect(expectRetryLater(await askWithin5s(world), 503, 'upstream-unavailable')).toBe(10);
  expect(world.clock.monotonicMs() - began).toBeLessThan(100);
  world.defender.intercept = first(upstreamError(503, 'Busy', { 'retry-after': '3' }));
  expect((await askWithin5s(world)).status).toBe(200);
  expect(Math.round(world.clock.monotonicMs() - began)).toBe(3_000);
});

test('one caller’s deadline falls into a wait that it shares with a more patient one → 504 for the one, 200 for the other, without another call', async () => {
  const world = await fire.startWorld({ defender: { latencyMs: { min: 4_000, max: 4_000 } } });
  world.defender.intercept = first(upstreamError(503, 'Busy', { 'retry-after': '4' }));
  const patient = world.enrich(ALERT, '?wait=25');
  await fire.time.settle();
  expectOutOfTime(await fire.time.until(world.enrich(ALERT, '?wait=2')), 'Defender');
  expect((await fire.time.until(patient)).json.alert.relatedIps).toEqual(IPS);
  expect(world.asked()).toHaveLength(2);
});

test('the deadline falls into the sending of the payload → 408, and nobody is asked', async () => {
  const world = await fire.startWorld();
  const socket = connect(Number(new URL(world.host.url).port), '127.0.0.1');
  socket.write('POST /api/enrichAlert?wait=9 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
  // Faster than the host's least rate, which would end the request before.
  const drip = setInterval(() => socket.write(`200\r\n${' '.repeat(512)}\r\n`), 500);
  const began = world.clock.monotonicMs();
  const [answer] = (await fire.time.until(once(socket, 'data'))) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 [\s\S]*:body-timeout"/);
  clearInterval(drip);
  expect(world.clock.monotonicMs() - began).toBeLessThan(9_000);
  expect(world.asked()).toEqual([]);
  socket.destroy();
});
