import type { ServerResponse } from 'node:http';
import { expect, test } from '@jest/globals';
import { startReceiver } from '../../local/receiver/receiver.js';
import { faultHarness } from '../support/fault-harness.js';
import { CLOSED_PORT, resolveBy } from '../support/network.js';
import { expectDegraded, expectMendable, expectRetryLater } from '../support/problems.js';
import { SELF_SIGNED_TLS } from '../support/tls-fixtures.js';
import { always, first } from './answers.js';
import { ALERT, IPS } from './payloads.js';

const fire = faultHarness();

const html = {
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: '<html>Sign in to the proxy</html>',
};
const truncated = { status: 200, body: '{"value":[{"id":"104.80.104.128"},{"id":"23.2' };
const unusable = [
  html,
  truncated,
  { status: 200, body: '' },
  { status: 200, body: '[]' },
  { status: 200, body: 'null' },
  { status: 200, body: '{"values":[]}' },
  { status: 200, body: '{"value":{"id":"104.80.104.128"}}' },
  { status: 200, body: '{"value":[{"ip":"104.80.104.128"}]}' },
  { status: 204 },
];

test('200 with HTML, truncated JSON or a wrong schema → one retry, then 503 or 200 degraded; never "no IPs"', async () => {
  for (const fault of unusable) {
    const world = await fire.startWorld();
    world.defender.intercept = always(fault);
    expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'upstream-unavailable');
    expect(world.asked()).toHaveLength(2);
    const degraded = await fire.time.until(world.enrich(ALERT, '?onFailure=degrade'));
    expectDegraded(degraded, ALERT, 'upstream-unavailable');
    world.defender.intercept = first(fault);
    expect((await fire.time.until(world.enrich(ALERT))).json.alert.relatedIps).toEqual(IPS);
  }
});

test('a stall after the headers → an answer within the caller’s own wait, and the socket is closed', async () => {
  const stalling = await fire.startRawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"value":[');
  });
  const world = await fire.startWorld({ settings: { DEFENDER_API_HOST: stalling.url } });
  for (const wait of [5, 25]) {
    const began = world.clock.monotonicMs();
    expectRetryLater(await fire.time.until(world.enrich(ALERT, `?wait=${wait}`)), 504, 'deadline-exceeded');
    const tookMs = world.clock.monotonicMs() - began;
    expect(tookMs).toBeGreaterThan((wait - 1) * 1000);
    expect(tookMs).toBeLessThan(wait * 1000);
    await fire.time.settle();
    expect(stalling.open.size).toBe(0);
  }
  // One attempt takes 10 s at most: within 25 s there were three.
  expect(stalling.requests).toHaveLength(1 + 3);
});

test('a DNS failure, a refused connection, a reset on a reused socket, a bad certificate → two retries, two retries, one retry and 200, 502 without a retry and with no token sent', async () => {
  // A name that is not resolved, and then it is, at the third attempt.
  const named = await fire.startWorld();
  const port = new URL(named.defender.url).port;
  const world = await fire.startWorld({
    settings: { DEFENDER_API_HOST: `http://localhost:${port}`, DEFENDER_AUDIENCE: named.audience },
  });
  const failed: string[] = [];
  const restore = resolveBy((host) => {
    if (host !== 'localhost' || failed.length === 3 + 2) return undefined;
    failed.push(host);
    return 'ENOTFOUND';
  });
  try {
    const unresolved = await fire.time.until(world.enrich(ALERT));
    expectRetryLater(unresolved, 503, 'upstream-unavailable');
    expect(unresolved.json.detail).toContain('ENOTFOUND');
    expect(failed).toHaveLength(3);
    expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
    expect(failed).toHaveLength(3 + 2);
  } finally {
    restore();
  }

  // A port where nobody listens.
  const refusing = await fire.startWorld({
    settings: { DEFENDER_API_HOST: `http://127.0.0.1:${CLOSED_PORT}` },
  });
  const began = refusing.clock.monotonicMs();
  const refused = await fire.time.until(refusing.enrich(ALERT));
  expectRetryLater(refused, 503, 'upstream-unavailable');
  expect(refused.json.detail).toContain('ECONNREFUSED');
  expect(Math.round(refusing.clock.monotonicMs() - began)).toBe(375 + 750); // two retries, after their backoff

  // A connection that was used before and is reset instead of answered.
  const resetting = await fire.startWorld();
  expect((await fire.time.until(resetting.enrich(ALERT))).status).toBe(200);
  const sockets: unknown[] = [];
  resetting.defender.intercept = (request) => {
    sockets.push(request.socket);
    if (sockets.length === 1) request.socket.resetAndDestroy();
    return sockets.length === 1;
  };
  expect((await fire.time.until(resetting.enrich({ ...ALERT, id: 'da637472900382838869_21' }))).status).toBe(
    200,
  );
  expect(sockets).toHaveLength(2);

  // A certificate that nobody has signed.
  const untrusted = await fire.keep(startReceiver({ tls: SELF_SIGNED_TLS }));
  const guarded = await fire.startWorld({ settings: { DEFENDER_API_HOST: new URL(untrusted.url).origin } });
  const answer = await fire.time.until(guarded.enrich(ALERT));
  expectMendable(answer, 502, 'connection-not-trusted');
  expect(answer.json.detail).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
  expect(untrusted).toMatchObject({ connections: 1, received: [] });
});

test('a 500 MB response → cut at the cap, 502, no retry', async () => {
  const world = await fire.startWorld();
  let sent = 0;
  world.defender.intercept = async (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const chunk = Buffer.alloc(1_000_000, ' ');
    while (sent < 500_000_000 && !response.destroyed) {
      sent += chunk.length;
      if (!response.write(chunk)) await drained(response);
    }
    response.end();
    return true;
  };
  // Time stands still while so many real bytes move.
  expectMendable(await world.enrich(ALERT), 502, 'answer-unusable');
  expect(world.asked()).toHaveLength(1);
  expect(sent).toBeLessThan(250_000_000); // the cap, and what the sockets hold
});

test('a redirect to another host → not followed, the token never sent there, 502', async () => {
  const elsewhere = await fire.startRawServer((socket) => socket.end());
  const world = await fire.startWorld();
  for (const status of [301, 302, 303, 307, 308]) {
    world.defender.intercept = always({ status, headers: { location: `${elsewhere.url}/api/alerts` } });
    expectMendable(await fire.time.until(world.enrich(ALERT)), 502, 'connection-not-trusted');
  }
  expect(world.asked()).toHaveLength(5);
  expect(elsewhere.requests).toEqual([]);
});

/** Until more can be written, or nobody reads any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
