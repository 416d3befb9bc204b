import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { alertIds } from '../support/alert-ids.js';
import { faultHarness } from '../support/fault-harness.js';
import { mostHeldDuring } from '../support/peak-memory.js';
import { expectMendable, expectRetryLater } from '../support/problems.js';
import type { OnRequest } from '../support/raw-server.js';
import { always, first, ipsAnswer, upstreamError } from './answers.js';
import { ALERT, IPS, PATH } from './payloads.js';

const fire = faultHarness();

test('200 with "value": null or with numbers for ids → 503, never "no IPs"', async () => {
  const world = await fire.startWorld();
  for (const body of [
    '{"value":null}',
    '{"value":[{"id":1760061568}]}',
    '{"value":[1760061568]}',
    '{"value":[null]}',
  ]) {
    world.defender.intercept = always({ status: 200, body });
    expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'upstream-unavailable');
  }
  expect(world.asked()).toHaveLength(4 * 2);
});

test('200 with 100,000 IPs → all of them, each once', async () => {
  const world = await fire.startWorld();
  const ips = Array.from({ length: 100_000 }, (_, n) => `100.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
  world.defender.intercept = always(ipsAnswer(...ips, ...ips.slice(0, 10)));
  // Time stands still while so many real bytes move.
  const { status, json } = await world.enrich(ALERT);
  expect(status).toBe(200);
  expect(json.alert.relatedIps).toEqual(ips);
});

test('200 with IPv6 zones, CIDRs and garbage among good addresses → the good ones in canonical form, the others reported', async () => {
  const world = await fire.startWorld();
  const bad = [
    '10.0.0.0/8',
    '2001:db8::/32',
    'host.example',
    '1.2.3',
    '0x7f.1',
    '010.1.1.1',
    '',
    ' ',
    'x'.repeat(5_000),
  ];
  const odd = [null, 7, true, {}, [], { id: 'nested' }];
  world.defender.intercept = always(
    ipsAnswer('fe80::1%eth0', '2001:0DB8:0:0:0:0:0:1', '::ffff:192.0.2.1', '192.0.2.1', ...bad, ...odd),
  );
  const { status, json } = await fire.time.until(world.enrich(ALERT));
  expect(status).toBe(200);
  expect(json.alert.relatedIps).toEqual(['fe80::1', '2001:db8::1', '192.0.2.1']);
  const [{ unusableIps }] = json.enrichment.alerts;
  expect(unusableIps).toHaveLength(10);
  expect(unusableIps.slice(0, 2)).toEqual(['"10.0.0.0/8"', '"2001:db8::/32"']);
  expect(Math.max(...unusableIps.map((text: string) => text.length))).toBeLessThan(250);
});

test('200 nested without end → 503, and the process lives', async () => {
  const world = await fire.startWorld();
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  for (const body of [deep, `{"value":${deep}}`, `{"value":[{"id":${deep}}]}`]) {
    world.defender.intercept = always({ status: 200, body });
    expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'upstream-unavailable');
  }
  world.defender.intercept = always({ status: 200, body: `{"value":[{"id":"192.0.2.1"},{"id":${deep}}]}` });
  const { json } = await fire.time.until(world.enrich(ALERT));
  expect(json.enrichment.alerts[0]).toMatchObject({ ips: ['192.0.2.1'], unusableIps: ['[…]'] });
});

test('gzip, deflate and Brotli bodies, and some that only say so → read, and 503 for what cannot be read', async () => {
  const world = await fire.startWorld({ settings: { IPS_CACHE_SECONDS: '0' } });
  const body = ipsAnswer(...IPS).body as string;
  for (const [encoding, bytes] of [
    ['gzip', gzipSync(body)],
    ['x-gzip', gzipSync(body)],
    ['deflate', deflateSync(body)],
    ['deflate', deflateRawSync(body)],
    ['br', brotliCompressSync(body)],
  ] as const) {
    world.defender.intercept = always({
      status: 200,
      headers: { 'content-encoding': encoding },
      body: bytes,
    });
    expect((await fire.time.until(world.enrich(ALERT))).json.alert.relatedIps).toEqual(IPS);
  }
  for (const [encoding, bytes] of [
    ['gzip', body],
    ['deflate', `x${body}`],
    ['br', body],
    ['gzip', gzipSync(body).subarray(0, 40)],
    ['gzip', ''],
    ['deflate', deflateSync(body).subarray(0, 40)],
    ['deflate', ''],
    ['zstd', gzipSync(body)],
  ] as const) {
    world.defender.intercept = always({
      status: 200,
      headers: { 'content-encoding': encoding },
      body: bytes,
    });
    expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'upstream-unavailable');
  }
});

test('a gzip bomb → cut at the cap after decompression, 502, in bounded memory', async () => {
  const world = await fire.startWorld();
  const bomb = gzipSync(Buffer.alloc(300_000_000, ' '), { level: 9 });
  world.defender.intercept = always({ status: 200, headers: { 'content-encoding': 'gzip' }, body: bomb });
  // Time stands still while so many real bytes move.
  const { result, mostHeld } = await mostHeldDuring(() => world.enrich(ALERT));
  expectMendable(result, 502, 'answer-unusable');
  expect(mostHeld).toBeLessThan(60_000_000);
  expect(world.asked()).toHaveLength(1);
});

test('response headers of 100 kB, bytes that are no HTTP, a bad chunk, a cut body or a connection closed without a word → 503 after at most two retries', async () => {
  for (const [bytes, most] of [
    [`HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(100_000)}\r\n\r\n`, 2],
    ['SSH-2.0-OpenSSH_9.6\r\n', 2],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}', 3],
    ['HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"value":[]}', 3],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{"value":[]}\r\n', 3],
    ['', 3],
  ] as const) {
    const broken: OnRequest = (socket) => socket.end(bytes);
    const server = await fire.startRawServer(broken);
    const world = await fire.startWorld({ settings: { DEFENDER_API_HOST: server.url } });
    expectRetryLater(await fire.time.until(world.enrich(ALERT)), 503, 'upstream-unavailable');
    expect(server.requests).toHaveLength(most);
  }
});

test('keep-alive sockets closed by the server between calls → the next call takes another socket and is answered, with one call', async () => {
  const world = await fire.startWorld({ settings: { IPS_CACHE_SECONDS: '0' } });
  const sockets: { destroy(): unknown }[] = [];
  world.defender.intercept = (request) => {
    sockets.push(request.socket);
    return false;
  };
  for (let call = 1; call <= 5; call++) {
    expect((await fire.time.until(world.enrich(ALERT))).status).toBe(200);
    expect(world.asked()).toHaveLength(call);
    sockets.at(-1)?.destroy();
    await fire.time.settle();
  }
  expect(new Set(sockets).size).toBe(5);
});

test('next pages on the same host, on another one, on another path, with credentials in the link, in a circle → followed on the same host and path and charged one by one; 502 at once for the others, remembered for a while, and the token goes nowhere else', async () => {
  const elsewhere = await fire.startRawServer((socket) => socket.end());
  const world = await fire.startWorld({ settings: { IPS_CACHE_SECONDS: '0' } });
  const page = (nextLink: unknown, id = '192.0.2.1') => ({
    status: 200,
    body: JSON.stringify({ value: [{ id }], '@odata.nextLink': nextLink }),
  });
  const { url } = world.defender;
  world.defender.intercept = first(page(`${url}${PATH}?$skiptoken=2`), page(null, '192.0.2.2'));
  const { json } = await fire.time.until(world.enrich(ALERT));
  expect(json.alert.relatedIps).toEqual(['192.0.2.1', '192.0.2.2']);
  expect(json.enrichment.quota.minute.remaining).toBe(98);
  expect(world.asked()).toEqual([PATH, `${PATH}?$skiptoken=2`]);

  const links = [
    `${elsewhere.url}${PATH}`,
    `//127.0.0.1:${elsewhere.port}${PATH}`,
    `${url.replace('://', '://user:secret@')}${PATH}`,
    `${url}.example${PATH}`,
    `${url}/api/alerts/da637472900382838869_1/ips`,
    `${url}${PATH}/../../other`,
    'file:///etc/passwd',
    PATH,
    '',
  ];
  const ids = alertIds(links.length);
  for (const [index, link] of links.entries()) {
    world.defender.intercept = always(page(link));
    for (const _again of [1, 2]) {
      const answer = await fire.time.until(world.enrich({ ...ALERT, id: ids[index] }));
      expectMendable(answer, 502, 'answer-unusable');
    }
  }
  expect(world.asked()).toHaveLength(2 + links.length);
  expect(elsewhere.requests).toEqual([]);

  world.defender.intercept = always(page(`${url}${PATH}`));
  expectMendable(await fire.time.until(world.enrich(ALERT)), 502, 'answer-unusable');
  expectMendable(await fire.time.until(world.enrich(ALERT)), 502, 'answer-unusable');
  expect(world.asked()).toHaveLength(2 + links.length + 1);
});

test('429 without Retry-After, with 0, -1, a date or 1000000000 → a bounded number of calls, then 429 that names at least 1 s and at most an hour', async () => {
  for (const [retryAfter, calls] of [
    [undefined, 3],
    ['0', 3],
    ['-1', 3],
    [new Date(Date.now() + 5_000).toUTCString(), 3],
    ['1000000000', 1],
  ] as const) {
    const world = await fire.startWorld();
    const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    world.defender.intercept = always(upstreamError(429, 'TooManyRequests', headers));
    const seconds = expectRetryLater(await fire.time.until(world.enrich(ALERT)), 429, 'quota-exhausted');
    expect(seconds).toBeLessThanOrEqual(3600);
    expect(world.asked()).toHaveLength(calls);
  }
});

test('429 or 403 with a body that breaks off → the status counts: 429 with the wait that was asked for, or 502, after one call', async () => {
  const cut = (head: string): OnRequest => {
    return (socket) => socket.end(`HTTP/1.1 ${head}\r\nContent-Length: 100\r\n\r\n{"error":`);
  };
  const throttling = await fire.startRawServer(cut('429 Too Many Requests\r\nRetry-After: 600'));
  const paused = await fire.startWorld({ settings: { DEFENDER_API_HOST: throttling.url } });
  for (let asked = 1; asked <= 2; asked++) {
    expect(expectRetryLater(await fire.time.until(paused.enrich(ALERT)), 429, 'quota-exhausted')).toBe(600);
  }
  expect(throttling.requests).toHaveLength(1);

  const forbidding = await fire.startRawServer(cut('403 Forbidden'));
  const world = await fire.startWorld({ settings: { DEFENDER_API_HOST: forbidding.url } });
  expectMendable(await fire.time.until(world.enrich(ALERT)), 502, 'permission-missing');
  expect(forbidding.requests).toHaveLength(1);
});
