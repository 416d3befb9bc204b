import http from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { app } from '@azure/functions';
import { afterEach, describe, expect, test } from '@jest/globals';
import { takeLargeHeaders } from '../../functions/hooks.js';
import { functionsCore } from '../../local/host/core.js';
import { type RunningHost, startHost } from '../../local/host/host.js';
import { VirtualClock } from '../support/virtual-clock.js';

app.setup({ enableHttpStream: true });

const hosts: RunningHost[] = [];
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close(0)));
});

/** A host of an app that tells what it has got, and waits when it is told to. */
async function start(more: Partial<Parameters<typeof startHost>[0]> = {}) {
  const events: string[] = [];
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const registrations = await functionsCore.collect(() => {
    app.http('mirror', {
      methods: ['GET', 'POST'],
      handler: async (request) => {
        events.push('mirror began');
        const body = await request.text();
        return { jsonBody: { headers: Object.fromEntries(request.headers), params: request.params, body } };
      },
    });
    app.http('waits', {
      methods: ['GET'],
      handler: async () => {
        events.push('waits began');
        await gate;
        events.push('waits ended');
        return { body: 'waited' };
      },
    });
    app.timer('daily', { schedule: '0 17 3 * * *', handler: () => void events.push('timer') });
    app.hook.appTerminate(async () => {
      events.push('terminate began');
      await sleep(20);
      events.push('terminate ended');
    });
  });
  const clock = new VirtualClock();
  const hostJson = { functionTimeout: '00:04:00' };
  const host = await startHost({ registrations, port: 0, clock, hostJson, ...more });
  hosts.push(host);
  return { ...host, clock, events, open };
}

type Headers = Record<string, string>;

/** Sends bytes as they are, and gives all that comes back. */
function sendRaw(url: string, bytes: string | Buffer): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

async function get(url: string, headers: Headers | string[] = {}) {
  return new Promise<number | undefined>((resolve, reject) => {
    http
      .get(url, { agent: false, headers }, (response) => resolve(response.resume().statusCode))
      .on('error', reject);
  });
}

async function mirror(url: string, body: string, headers: Headers = {}) {
  const response = await fetch(`${url}/api/mirror?q=1`, {
    method: 'POST',
    body,
    headers: { 'x-own': 'yes', ...headers },
  });
  return response.json() as Promise<{ headers: Headers; params: Headers; body: string }>;
}

/** As long as requests on real sockets need to get where they get without time. */
const settled = () => sleep(300);

describe('H2: a JSON body with a Content-Length is merged into the metadata', () => {
  test('its texts are params, and the headers stay, unless it has a member of their name', async () => {
    const { url } = await start();
    const { headers, params } = await mirror(url, '{"a":"b","n":1,"list":["x"],"none":null,"q":"2"}');
    expect(headers).toMatchObject({ 'x-own': 'yes' });
    expect(params).toEqual({ a: 'b', n: '1', q: '2' });
  });

  test.each(['headers', 'HEADERS'])('a member "%s" empties the headers', async (name) => {
    const { url } = await start();
    const body = JSON.stringify({ [name]: { 'x-own': 'forged' } });
    expect(await mirror(url, body)).toMatchObject({ headers: {}, body });
  });

  test('a member "Headers" replaces them', async () => {
    const { url } = await start();
    const { headers } = await mirror(url, '{"Headers":{"x-own":"forged"}}');
    expect(headers).toEqual({ 'x-own': 'forged' });
  });

  test.each([
    '["Headers"]',
    '{"Headers":["x"]}',
    '{"Headers":null}',
    'no JSON',
    `{"Headers":{"x-own":"forged"},"deep":${'['.repeat(65)}${']'.repeat(65)}}`,
  ])('%s takes nothing away', async (body) => {
    const { url } = await start();
    expect((await mirror(url, body)).headers).toMatchObject({ 'x-own': 'yes' });
  });

  test('a body without a length takes nothing away', async () => {
    const { url } = await start();
    const body = '{"Headers":{}}';
    const head =
      'POST /api/mirror HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await sendRaw(url, `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)).toContain(
      '"host":"h"',
    );
  });
});

describe('H3: a request that never reaches the worker', () => {
  test.each([
    ['a header in UTF-8', 'X-Note: caf\u00e9\r\n'],
    ['20 kB of headers', `X-Long: ${'a'.repeat(20_000)}\r\n`],
  ])(
    '%s hangs until functionTimeout; the worker ends with it, and who else waits on it hangs as long',
    async (_name, header) => {
      const { url, clock, events } = await start();
      const other = get(`${url}/api/waits`);
      const hangs = sendRaw(
        url,
        Buffer.from(`GET /api/mirror HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${header}\r\n`),
      );
      await settled();
      await clock.pass(239_000);
      await settled();
      expect(events).toEqual(['waits began']);
      await clock.pass(1_000);
      expect(await hangs).toMatch(/^HTTP\/1.1 500 /);
      expect(await other).toBe(500);
      await settled();
      expect(events).toContain('terminate ended');
    },
  );

  test.each([
    ['a header that is no UTF-8', Buffer.from('X-Note: caf\xe9\r\n', 'latin1'), 400],
    ['50 kB of headers', Buffer.from(`X-Long: ${'a'.repeat(50_000)}\r\n`), 431],
    ['101 headers', Buffer.from('X: 1\r\n'.repeat(101)), 431],
    ['15 kB of headers', Buffer.from(`X-Long: ${'a'.repeat(15_000)}\r\n`), 200],
  ])('%s is answered at once: %#', async (_name, header, status) => {
    const { url } = await start();
    const head = Buffer.from('GET /api/mirror HTTP/1.1\r\nHost: h\r\nConnection: close\r\n');
    expect(await sendRaw(url, Buffer.concat([head, header, Buffer.from('\r\n')]))).toMatch(
      `HTTP/1.1 ${status} `,
    );
  });

  test('this app takes 20 kB of headers, from the second request on that a worker gets', async () => {
    takeLargeHeaders();
    const { url } = await start();
    expect(await get(`${url}/api/mirror`)).toBe(200);
    expect(await get(`${url}/api/mirror`, { 'x-long': 'a'.repeat(20_000) })).toBe(200);
  });
});

describe('H5: the end of the host', () => {
  test('nothing new is taken, what is in work ends, then the hooks run, and their end is the end', async () => {
    const { url, events, open, close } = await start();
    const waiting = get(`${url}/api/waits`);
    await settled();
    const closed = close();
    await expect(get(`${url}/api/mirror`)).rejects.toThrow('ECONNREFUSED');
    expect(events).toEqual(['waits began']);
    open();
    expect(await waiting).toBe(200);
    await closed;
    expect(events).toEqual(['waits began', 'waits ended', 'terminate began', 'terminate ended']);
  });

  test('what takes more than 10 s is cut when the hooks have run', async () => {
    const { url, events, clock, close } = await start();
    const cut = expect(get(`${url}/api/waits`)).rejects.toThrow('socket hang up');
    await settled();
    const closed = close();
    await clock.pass(9_000);
    expect(events).toEqual(['waits began']);
    await clock.pass(1_000);
    await closed;
    await cut;
    expect(events).toEqual(['waits began', 'terminate began', 'terminate ended']);
  });
});

describe('H6: a body with a Content-Length', () => {
  const HEAD = 'POST /api/mirror HTTP/1.1\r\nHost: h\r\n';

  test.each([
    ['with a length', `${HEAD}Content-Length: 100\r\n\r\nonly this`, []],
    ['chunked', `${HEAD}Transfer-Encoding: chunked\r\n\r\n4\r\nonly\r\n`, ['mirror began']],
  ])('a body %s that stalls is an empty 500 after 5 s', async (_name, bytes, events) => {
    const host = await start();
    const answer = sendRaw(host.url, bytes);
    await settled();
    await host.clock.pass(4_000);
    expect(host.events).toEqual(events);
    await host.clock.pass(2_000);
    expect(
      await Promise.race([
        answer,
        settled()
          .then(() => host.close(0))
          .then(() => answer),
      ]),
    ).toMatch(/^HTTP\/1.1 500 /);
  });
});

test('H17: timers run at their time', async () => {
  const { clock, events } = await start(); // time begins at 18:00
  await clock.pass(9 * 3_600_000);
  expect(events).toEqual([]);
  await clock.pass(18 * 60_000);
  await settled();
  expect(events).toEqual(['timer']);
});
