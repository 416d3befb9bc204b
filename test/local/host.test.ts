import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { functionsCore } from '../../local/host/core.js';
import type { LogEntry } from '../../local/host/core-api.js';
import { type HostOptions, type RunningHost, startHost } from '../../local/host/host.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { type Probe, registerTestApp } from './test-app.js';

const running: RunningHost[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((host) => host.close(0)));
});

interface Started extends RunningHost {
  probe: Probe;
  logs: LogEntry[];
  /** Resolves when a handler that waits has been entered. */
  entered: Promise<void>;
  open: () => void;
}

async function start(options: Partial<HostOptions> = {}): Promise<Started> {
  const logs: LogEntry[] = [];
  let open = () => {};
  let enter = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const probe: Probe = { events: [], gate, entered: () => enter() };
  const registrations = await functionsCore.collect(() => registerTestApp(probe));
  const host = await startHost({ registrations, port: 0, log: (entry) => logs.push(entry), ...options });
  running.push(host);
  return { ...host, probe, logs, entered, open };
}

/** A request as raw as Node can send it: fetch would tidy paths and headers. */
function send(url: string, path: string, options: http.RequestOptions = {}, body?: Readable | string) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }>(
    (resolve, reject) => {
      const request = http.request(url, { path, agent: false, ...options }, async (response) => {
        try {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: await text(response),
          });
        } catch (error) {
          reject(error);
        }
      });
      request.on('error', reject);
      if (body instanceof Readable) body.pipe(request);
      else request.end(body);
    },
  );
}

describe('routing', () => {
  test('a function without a route is found under its own name, in any case', async () => {
    const { url } = await start();
    expect(await send(url, '/api/hello')).toMatchObject({ status: 200, body: 'hello' });
    expect(await send(url, '/API/HELLO/')).toMatchObject({ status: 200, body: 'hello' });
  });

  test.each([
    ['GET', '/'],
    ['GET', '/hello'],
    ['GET', '/api/unknown'],
    ['GET', '/api/hello/more'],
    ['GET', '/api//hello'],
    ['POST', '/api/hello'],
    ['GET', '/api/alerts//ips'],
    ['GET', '/api/alerts/%2e%2e/ips'],
    ['GET', '/api/alerts/a/b/ips'],
  ])('%s %s is an empty 404', async (method, path) => {
    const { url, probe } = await start();
    expect(await send(url, path, { method })).toMatchObject({ status: 404, body: '' });
    expect(probe.events).toEqual(['appStart']);
  });

  test.each([
    ['/api/alerts/da1_-2/ips', 'da1_-2'],
    ['/api/alerts/a%20b%C3%A9/ips', 'a bé'],
    ['/api/alerts/a%2Fb%2fc/ips', 'a%2Fb%2fc'],
    ['/api/alerts/a%252Fb/ips', 'a%2Fb'],
    ['/api/alerts/a%ff/ips', 'a%ff'],
    ['/api/x/../alerts/CaSe/ips', 'CaSe'],
  ])('the parameter of %s is %s', async (path, id) => {
    const { url } = await start();
    expect(JSON.parse((await send(url, path)).body)).toEqual({ id });
  });

  test('params hold query parameters too, except the key, and the route wins', async () => {
    const { url } = await start();
    const { body } = await send(url, '/api/alerts/a/ips?id=b&x=1&x=2&code=k&headers=h');
    expect(JSON.parse(body)).toEqual({ id: 'a', x: '2', headers: 'h' });
  });

  test('the route that was registered first wins, whatever is literal in another one', async () => {
    const { url } = await start();
    expect(JSON.parse((await send(url, '/api/alerts/newest/ips')).body)).toEqual({ id: 'newest' });
  });

  test('host.json names the prefix', async () => {
    const { url } = await start({ hostJson: { extensions: { http: { routePrefix: '' } } } });
    expect(await send(url, '/hello')).toMatchObject({ status: 200 });
    expect(await send(url, '/api/hello')).toMatchObject({ status: 404 });
  });
});

describe('keys', () => {
  test.each([
    ['/api/keyed', {}, 401],
    ['/api/keyed', { 'x-functions-key': 'wrong' }, 401],
    ['/api/keyed?code=wrong', {}, 401],
    ['/api/keyed?code=secret', { 'x-functions-key': 'wrong' }, 401],
    ['/api/keyed', { 'x-functions-key': 'secret' }, 200],
    ['/api/keyed?code=secret', {}, 200],
    ['/api/hello', {}, 200],
    ['/api/unknown', {}, 404],
  ])('%s with %j is a %d', async (path, headers, status) => {
    const { url } = await start({ functionKey: 'secret' });
    const answer = await send(url, path, { headers });
    expect(answer.status).toBe(status);
    if (status === 401) expect(answer.body).toBe('');
  });

  test('without a key of its own the host asks for none', async () => {
    const { url } = await start();
    expect(await send(url, '/api/keyed')).toMatchObject({ status: 200, body: 'in' });
  });
});

describe('requests and answers', () => {
  test('the function sees the url as the caller wrote it, and every header', async () => {
    const { url } = await start();
    const headers = { host: 'example.test:81', 'x-twice': ['1', '2'], 'x-forwarded-host': 'evil' };
    const { body } = await send(url, '/api/inspect?a=%20b', { headers });
    expect(JSON.parse(body)).toMatchObject({
      url: 'http://example.test:81/api/inspect?a=%20b',
      headers: { host: 'example.test:81', 'x-twice': '1,2' },
    });
  });

  test('the answer carries the headers of the function and none of the connection to the worker', async () => {
    const { url } = await start();
    const { headers } = await send(url, '/api/inspect');
    expect(headers).toMatchObject({ 'x-own': 'yes', 'set-cookie': ['a=1', 'b=2'] });
    expect(headers['content-type']).toBe('application/json');
    expect(headers['x-ms-invocation-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers).not.toHaveProperty('x-own-hop');
  });

  test('a HEAD gets the head only', async () => {
    const { url } = await start();
    expect(await send(url, '/api/hello', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  test('where the host has telemetry, a trace goes on under a new span; without one, a new trace begins', async () => {
    const { url } = await start({ hasTelemetry: true });
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const traced = JSON.parse(
      (await send(url, '/api/inspect', { headers: { traceparent, tracestate: 'a=b' } })).body,
    );
    expect(traced.traceParent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(traced.traceParent).not.toBe(traceparent);
    expect(traced.traceState).toBe('a=b');
    const fresh = JSON.parse((await send(url, '/api/inspect', { headers: { traceparent: 'junk' } })).body);
    expect(fresh.traceParent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });

  test('where it has none, there is no trace context', async () => {
    const { url } = await start();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { body } = await send(url, '/api/inspect', { headers: { traceparent } });
    expect(JSON.parse(body)).not.toHaveProperty('traceParent', expect.stringContaining('0af7'));
  });

  test.each(['POST', 'DELETE'])('a chunked body of a %s arrives whole', async (method) => {
    const { url } = await start();
    const parts = ['first ', 'x'.repeat(200_000), ' last'];
    const headers = { 'transfer-encoding': 'chunked' };
    const answer = await send(url, '/api/echo', { method, headers }, Readable.from(parts));
    expect(answer.status).toBe(201);
    expect(answer.body).toBe(parts.join(''));
  });

  test('a body with a length arrives whole, and so does none', async () => {
    const { url } = await start();
    expect((await send(url, '/api/echo', { method: 'POST' }, 'äöü')).body).toBe('äöü');
    expect((await send(url, '/api/echo', { method: 'POST' })).headers['x-length']).toBe('0');
  });

  test('a hundred requests at once are answered, each with its own', async () => {
    const { url } = await start();
    const bodies = Array.from({ length: 100 }, (_, at) => `body ${at}`);
    const answers = await Promise.all(
      bodies.map((body) => fetch(`${url}/api/echo`, { method: 'POST', body })),
    );
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(bodies);
  });

  test.each([
    ['/api/tooLarge', 413],
    ['/api/unknown', 404],
  ])(
    'the early answer of %s reaches a caller who sends 8 MB first, and the connection lives on',
    async (path, status) => {
      const { url } = await start({ clock: new VirtualClock() }); // what takes over 5 s is cut, as by Kestrel
      const length = 8 * 1024 * 1024; // more than the sockets hold
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      const answers = text(socket);
      socket.write(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`);
      socket.write(Buffer.alloc(length));
      socket.write('GET /api/hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
      const [first, second] = (await answers).split(/(?=HTTP\/1\.1 200)/);
      expect(first).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(second).toContain('hello');
    },
  );
});

/** Lets requests on real sockets get as far as they get without time. */
const settled = () => sleep(300);

describe('failures', () => {
  test.each([
    ['/api/throws', 'a handler that throws'],
    ['/api/nothing', 'a handler that returns nothing'],
    ['/api/badHeader', 'an answer that cannot be written'],
  ])('%s: %s leaves its caller waiting for 240 s, for an empty 500, and nobody else', async (path) => {
    const clock = new VirtualClock();
    const { url } = await start({ clock });
    let status: number | undefined;
    const answered = send(url, path).then((answer) => {
      status = answer.status;
      return answer;
    });
    await settled();
    await clock.pass(239_000);
    await settled();
    expect(status).toBeUndefined();
    expect((await send(url, '/api/hello')).status).toBe(200);
    await clock.pass(2_000);
    expect(await answered).toMatchObject({ status: 500, body: '' });
  });

  test('a body that breaks off leaves its caller waiting, and breaks off after 240 s', async () => {
    const clock = new VirtualClock();
    const host = await start({ clock });
    const [response] = await once(http.get(`${host.url}/api/breaksOff`, { agent: false }), 'response');
    const broken = expect(text(response)).rejects.toThrow('aborted');
    host.open();
    await settled();
    await clock.pass(241_000);
    await broken;
    expect((await send(host.url, '/api/hello')).status).toBe(200);
  });

  test('a caller who goes away while sending ends the reading, and the host can close', async () => {
    const host = await start();
    const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
    socket.write('POST /api/reads HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nonly ');
    await host.entered;
    socket.destroy();
    await host.close();
    expect(host.probe.events).toContain('reads failed');
  });

  test('a caller who goes away before the first byte of the body leaves nothing behind', async () => {
    const host = await start({ clock: new VirtualClock() }); // its time to end does not pass
    const socket = connect(Number(new URL(host.url).port), '127.0.0.1');
    socket.write('POST /api/reads HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n', () =>
      socket.destroy(),
    );
    await once(socket, 'close');
    await host.close();
    expect(host.probe.events).toContain('appTerminate');
  });

  test('a caller who goes away while waiting: the function goes on, and the host waits for it', async () => {
    const host = await start();
    const request = http.get(`${host.url}/api/waits`, { agent: false }).on('error', () => {});
    await host.entered;
    request.destroy();
    const closed = host.close();
    host.open();
    await closed;
    expect(host.probe.events).toContain('waits done');
  });
});

describe('hooks and life', () => {
  test('hooks run around each invocation, with data of their own', async () => {
    const host = await start({ clock: new VirtualClock() });
    await send(host.url, '/api/hello');
    const unanswered = send(host.url, '/api/throws').catch(() => {});
    await settled();
    await host.close(0);
    await unanswered;
    expect(host.probe.events).toEqual([
      'appStart',
      'pre hello',
      'post hello ok true',
      'pre throws',
      'post throws failed true',
      'appTerminate',
    ]);
  });

  test('what a function logs carries its name and invocation', async () => {
    const { url, logs } = await start();
    await send(url, '/api/inspect');
    expect(logs).toContainEqual({
      level: 'information',
      category: 'user',
      functionName: 'inspect',
      invocationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      message: 'inspected',
    });
  });

  test('close lets what is in flight end, and takes nothing new', async () => {
    const host = await start();
    const waiting = send(host.url, '/api/waits');
    await host.entered;
    const closed = host.close();
    host.open();
    expect((await waiting).body).toBe('waited');
    await closed;
    await expect(send(host.url, '/api/hello')).rejects.toThrow('ECONNREFUSED');
  });

  test('close waits no longer than it was told to', async () => {
    const clock = new VirtualClock();
    const host = await start({ clock });
    const waiting = send(host.url, '/api/waits');
    waiting.catch(() => {});
    await host.entered;
    const closed = host.close(1_000);
    await clock.pass(1_000);
    await closed;
    await expect(waiting).rejects.toThrow('socket hang up');
  });

  test('two hosts of two apps live side by side, and a third after both', async () => {
    const [one, other] = [await start(), await start()];
    await send(one.url, '/api/hello');
    expect(other.probe.events).toEqual(['appStart']);
    await one.close();
    expect((await send(other.url, '/api/hello')).status).toBe(200);
    await other.close();
    const third = await start();
    expect((await send(third.url, '/api/hello')).status).toBe(200);
  });

  test('a port that is taken is an error, after which the worker is closed again', async () => {
    const { url } = await start();
    await expect(start({ port: Number(new URL(url).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect((await send(url, '/api/hello')).status).toBe(200);
  });
});
