import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../shared/base/clock.js';
import type { TelemetryEvent } from '../../shared/base/telemetry-event.js';
import { defenderApi } from '../../shared/defender/api.js';
import { createCall, isNeverSent, UpstreamClock, withTelemetry } from '../../shared/upstream/call.js';
import type { Outcome } from '../../shared/upstream/outcome.js';
import { FakeTimers } from '../support/fake-timers.js';

const API = defenderApi({ apiHost: 'https://api.test', audience: 'https://api.test' });
const CAP = 10 * 1024 * 1024;
let time: FakeTimers;
let call: (url: string, token: string, signal: AbortSignal) => Promise<Outcome>;
let servers: Server[];
beforeEach(() => {
  time = new FakeTimers();
  const make = createCall(systemClock, 'agent/1.0', new UpstreamClock(), API);
  call = (url, ...rest) => make({ url, route: '/path' }, ...rest);
  servers = [];
});
afterEach(async () => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  expect(time.timers).toBe(0);
  time.end();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query`;
}
const ask = (url: string, signal = new AbortController().signal) =>
  time.until(call(url, 'the-token', signal));

describe('a call', () => {
  test('is a GET with the token and without a body, over connections that are kept', async () => {
    const sockets = new Set<Socket>();
    let seen: unknown;
    const url = await serve(({ method, url: path, headers, socket }, response) => {
      sockets.add(socket);
      seen = { method, path, headers };
      response.end('{}');
    });
    for (let times = 0; times < 3; times++) {
      expect(await ask(url)).toMatchObject({
        kind: 'answered',
        status: 200,
        body: '{}',
        contentType: undefined,
      });
      await time.settle();
    }
    expect(seen).toMatchObject({
      method: 'GET',
      path: '/path?query',
      headers: { authorization: 'Bearer the-token', accept: 'application/json', 'user-agent': 'agent/1.0' },
    });
    expect(seen).not.toHaveProperty(['headers', 'content-length']);
    expect(sockets.size).toBe(1);
  });

  test('brings the wait that is asked for, by the date of the answer', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(503, {
        date: 'Mon, 23 Nov 2026 20:00:00 GMT',
        'retry-after': 'Mon, 23 Nov 2026 20:00:04 GMT',
      });
      response.end();
    });
    expect(await ask(url)).toMatchObject({ kind: 'unavailable', status: 503, retryAfterMs: 4_000 });
    const undated = await serve((_request, response) => {
      response.sendDate = false;
      response.writeHead(503, { 'retry-after': new Date(Date.now() + 4_000).toUTCString() });
      response.end();
    });
    const { retryAfterMs } = (await ask(undated)) as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(2_999); // HTTP dates have whole seconds
    expect(retryAfterMs).toBeLessThanOrEqual(4_000);
  });

  test('never gives the token back, wherever the answer shows it', async () => {
    const url = await serve((_request, response) => response.end('a the-token b the-token'));
    expect(await ask(url)).toMatchObject({ kind: 'answered', body: 'a *** b ***' });
  });

  test('is over after 10 s, however the answer stalls, and closes its connection', async () => {
    for (const begin of [false, true]) {
      let closed = false;
      const url = await serve((_request, response) => {
        response.once('close', () => {
          closed = true;
        });
        if (begin) response.write('{');
      });
      const began = performance.now();
      expect(await ask(url)).toEqual({ kind: 'timed-out', status: undefined });
      expect(performance.now() - began).toBe(10_000);
      await time.settle();
      expect(closed).toBe(true);
    }
  });

  test('that nobody wants any more rejects with the reason', async () => {
    const url = await serve(() => {});
    const stop = new AbortController();
    const left = call(url, 'the-token', stop.signal);
    await time.settle();
    stop.abort(new Error('nobody waits'));
    await expect(left).rejects.toThrow('nobody waits');
    await expect(call(url, 'the-token', stop.signal)).rejects.toThrow('nobody waits');
  });

  test('takes 10 MiB, counted after decompression, and no byte more', async () => {
    const answering = (bytes: number, gzip: boolean) =>
      serve((_request, response) => {
        const body = Buffer.alloc(bytes, ' ');
        if (gzip) response.setHeader('content-encoding', 'gzip');
        response.end(gzip ? gzipSync(body) : body);
      });
    // Time stands still while so many real bytes move.
    const never = new AbortController().signal;
    for (const gzip of [false, true]) {
      const whole = await call(await answering(CAP, gzip), 'the-token', never);
      expect(whole.kind === 'answered' && whole.body.length).toBe(CAP);
      expect(await call(await answering(CAP + 1, gzip), 'the-token', never)).toEqual({
        kind: 'too-large',
        status: undefined,
      });
    }
  });

  test('tells what kept it from an answer', async () => {
    const url = await serve((request) => request.socket.destroy());
    expect(await ask(url)).toMatchObject({ kind: 'unreachable', code: 'ECONNRESET', wasSent: true });
    servers.at(-1)?.close();
    servers.at(-1)?.closeAllConnections();
    expect(await ask(url)).toMatchObject({ kind: 'unreachable', code: 'ECONNREFUSED', wasSent: false });

    const cut = await serve((request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{', () => request.socket.end());
    });
    expect(await ask(cut)).toMatchObject({ kind: 'unreachable', wasSent: true });
    expect(await ask('http://no-such-host.invalid/')).toMatchObject({ kind: 'unreachable', wasSent: false });

    const plain = await serve(() => {});
    expect(await ask(plain.replace('http:', 'https:'))).toMatchObject({ kind: 'unreachable' });

    const page = await serve((request) => request.socket.end('SSH-2.0-x\r\n'));
    expect(await ask(page)).toEqual({
      kind: 'malformed',
      status: undefined,
      what: expect.stringMatching(/cannot be read \(HPE_/),
    });
    const zipped = await serve((_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end('no gzip');
    });
    expect(await ask(zipped)).toMatchObject({
      kind: 'malformed',
      what: expect.stringContaining('Z_DATA_ERROR'),
    });
  });

  test.each([
    ['no route', '127.0.0.1', 'http://255.255.255.255:9/'], // ENETUNREACH, or what the system says instead
    ['two addresses, both refused', ['127.0.0.1', '127.0.0.2'], 'http://defender.test:9/'],
    ['a name that is not known', undefined, 'http://no-such-host.invalid/'],
  ])('that found %s was provably never sent', async (_what, addresses, url) => {
    const { lookup } = dns;
    const found = [addresses ?? []].flat().map((address) => ({ address, family: 4 }));
    if (found.length > 1) {
      dns.lookup = ((_name: string, _options: object, done: (...result: unknown[]) => void) =>
        done(null, found)) as typeof lookup;
    }
    try {
      expect(await ask(url)).toMatchObject({ kind: 'unreachable', wasSent: false });
    } finally {
      dns.lookup = lookup;
    }
  });

  test.each([
    [429, { kind: 'throttled', status: 429, retryAfterMs: 60_000, upstream: undefined }],
    [403, { kind: 'forbidden', status: 403, upstream: undefined }],
    [503, { kind: 'unavailable', status: 503, retryAfterMs: 60_000, upstream: undefined }],
  ])('with HTTP %d and a body that breaks off has that status', async (status, outcome) => {
    const url = await serve((request, response) => {
      response.writeHead(status, { 'content-length': 500, 'retry-after': '60' });
      response.write('{"error":', () => request.socket.end());
    });
    expect(await ask(url)).toEqual(outcome);
  });

  test('to an address that is none is an error of ours, not of the network', async () => {
    await expect(ask('nonsense')).rejects.toThrow('Invalid URL');
  });
});

describe('a call with telemetry', () => {
  const QUESTION = { url: 'https://defender.example/api/ips/192.0.2.1/stats', route: '/api/ips/{ip}/stats' };

  test.each([
    [QUESTION, undefined],
    [
      {
        url: 'https://defender.example/api/alerts/da1_1/ips?$skip=1',
        route: '/api/alerts/{id}/ips',
        alertId: 'da1_1',
      },
      'da1_1',
    ],
  ])('is noted by its route: %j', async (question, alertId) => {
    const events: TelemetryEvent[] = [];
    const outcome = { kind: 'refused', status: 418, upstream: undefined } as const;
    const emit = (event: TelemetryEvent) => void events.push(event);
    const noted = withTelemetry(async () => outcome, 'defender', systemClock, emit);
    expect(await noted(question, 'token', new AbortController().signal)).toBe(outcome);
    expect(events).toMatchObject([
      {
        kind: 'upstream-call',
        origin: 'https://defender.example',
        route: question.route,
        outcome: 'refused',
        status: 418,
      },
    ]);
    expect(events[0]).toHaveProperty('alertId', alertId);
    expect(JSON.stringify(events)).not.toContain('192.0.2.1');
  });

  test('that was given up is not noted', async () => {
    const events: TelemetryEvent[] = [];
    const emit = (event: TelemetryEvent) => void events.push(event);
    const noted = withTelemetry(
      () => Promise.reject(new Error('nobody waits')),
      'defender',
      systemClock,
      emit,
    );
    await expect(noted(QUESTION, 'token', new AbortController().signal)).rejects.toThrow('nobody waits');
    expect(events).toEqual([]);
  });
});

// No machine of a test has a network that ends a connection so.
test.each([
  ['EHOSTUNREACH', 'connect', true],
  ['EHOSTUNREACH', 'read', false],
  ['ENETUNREACH', 'write', false],
  ['ENOTFOUND', 'getaddrinfo', true],
  ['ETIMEDOUT', 'connect', true],
  ['ETIMEDOUT', 'read', false],
  ['ECONNREFUSED', undefined, true],
  ['ECONNRESET', undefined, false],
])('%s of the system call %s: never sent is %s', (code, erroredSysCall, neverSent) => {
  expect(isNeverSent(code, Object.assign(new Error(), { erroredSysCall }))).toBe(neverSent);
});
