import type { Socket } from 'node:net';
import { afterAll, expect, test } from '@jest/globals';
import { accept, FAILURES, METADATA } from '../../local/receiver/behaviour.js';
import { startReceiver } from '../../local/receiver/receiver.js';
import { isRefused } from '../../shared/delivery/agents.js';
import { faultHarness } from '../support/fault-harness.js';
import { CLOSED_PORT, resolveBy, resolveTo } from '../support/network.js';
import { AUTHORITY_TLS, SELF_SIGNED_TLS, trustLocalAuthority } from '../support/tls-fixtures.js';
import { HEADER_VALUE, startSender } from './sender.js';

afterAll(trustLocalAuthority());
const fire = faultHarness();

/** A receiver, and an app that knows it as `siem`. */
async function between(destination: Readonly<Record<string, unknown>> = {}) {
  const receiver = await fire.keep(startReceiver());
  const sender = await fire.keep(startSender({ siem: { url: receiver.url, ...destination } }));
  return { receiver, sender, send: () => fire.time.until(sender.send()) };
}

test('a destination answers 500, 503 or 429 → a failed attempt with the wait that it asks for', async () => {
  const { receiver, send } = await between();
  receiver.behave = () => 'error';
  expect(await send()).toEqual({
    kind: 'failed',
    status: 500,
    reason: expect.stringMatching(/answered HTTP 500\.$/),
  });
  receiver.behave = () => 'unavailable';
  expect(await send()).toMatchObject({ kind: 'failed', status: 503, retryAfterMs: 7_000 });
  receiver.behave = () => 'throttled';
  expect(await send()).toMatchObject({ kind: 'failed', status: 429, retryAfterMs: 2_000 });
  // A date, by the receiver's own clock, which is an hour behind.
  receiver.behave = () => (_request, response) => {
    const date = Date.now() - 3_600_000;
    response.setHeader('date', new Date(date).toUTCString());
    response.writeHead(503, { 'retry-after': new Date(date + 60_000).toUTCString() }).end();
  };
  expect(await send()).toMatchObject({ kind: 'failed', status: 503, retryAfterMs: 60_000 });
});

test('a destination answers 410 → it is gone, and nothing more is sent of this', async () => {
  const { receiver, send } = await between();
  receiver.behave = () => 'gone';
  expect(await send()).toEqual({
    kind: 'gone',
    status: 410,
    reason: expect.stringContaining('nothing more'),
  });
});

test('a destination redirects, to a private address or to another host → a failed attempt, and nobody is asked there', async () => {
  const elsewhere = await fire.keep(startReceiver());
  const { receiver, sender } = await between();
  for (const location of [METADATA, elsewhere.url, '/elsewhere']) {
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.behave = () => (_request, response) => {
        response.writeHead(status, { location }).end();
      };
      const reason = expect.stringContaining('redirect');
      expect(await fire.time.until(sender.send())).toMatchObject({ kind: 'failed', status, reason });
    }
  }
  expect(elsewhere.received).toEqual([]);
  expect(receiver.received).toHaveLength(3 * 5);
  expect(receiver.received.every(({ path }) => path.startsWith('/hook/'))).toBe(true);
});

test('a destination is slow → cut at its time-out, 15 s unless set, and the socket is closed', async () => {
  for (const [timeoutSeconds, ms] of [
    [undefined, 15_000],
    [2, 2_000],
  ]) {
    const { receiver, send } = await between(timeoutSeconds === undefined ? {} : { timeoutSeconds });
    receiver.behave = () => 'hang';
    const began = performance.now();
    expect(await send()).toEqual({
      kind: 'failed',
      reason: expect.stringContaining(`within ${Number(ms) / 1000} s`),
    });
    expect(performance.now() - began).toBe(ms);
    await fire.time.settle();
    expect(receiver.open).toBe(0);
  }
});

test('a destination takes the connection and never ends the TLS handshake → cut at its time-out, and the socket is closed', async () => {
  const silent = await fire.startSilentServer();
  const sender = await fire.keep(startSender({ siem: { url: `${silent.url}/hook` } }));
  expect(await fire.time.until(sender.send())).toEqual({
    kind: 'failed',
    reason: expect.stringContaining('did not answer within 15 s'),
  });
  await fire.time.settle();
  expect(silent.open.size).toBe(0);
});

test('a destination answers and stalls in the middle → its status counts, and the socket is closed', async () => {
  const { receiver, send } = await between();
  receiver.behave = () => 'hang-after-headers';
  const beganMs = performance.now();
  expect(await send()).toEqual({ kind: 'delivered', status: 200 });
  // It is not slow for that: its status came at once.
  expect(performance.now() - beganMs).toBeLessThan(2_000);
  receiver.behave = () => 'error-and-hang';
  expect(await send()).toMatchObject({ kind: 'failed', status: 500 });
  await fire.time.settle();
  expect(receiver.open).toBe(0);
});

test('destinations that show all they got in their answers → no secret, token, path or body in any reason', async () => {
  const receiver = await fire.keep(startReceiver());
  const { url } = receiver;
  const sender = await fire.keep(
    startSender(
      {
        none: { url },
        signed: { urlSetting: 'URL', auth: { type: 'standard-webhooks', secretSettings: ['SECRET'] } },
        identity: { url, auth: { type: 'managed-identity', scope: 'api://shown/.default' } },
        header: { url, auth: { type: 'header', header: 'Authorization', secretSettings: ['HEADER_VALUE'] } },
      },
      { URL: url },
    ),
  );
  const shown: string[] = [];
  receiver.behave =
    ({ headers, body, path }) =>
    (request, response) => {
      const all = `${JSON.stringify(headers)} ${path} ${body}`;
      shown.push(all);
      const status = STATUSES[shown.length % STATUSES.length] ?? 0;
      if (status === 0) request.socket.end(all);
      else
        response
          .writeHead(status, {
            'content-type': 'text/plain',
            location: path,
            'x-shown': headers.authorization ?? '',
          })
          .end(all);
    };
  const STATUSES = [0, 301, 400, 401, 403, 404, 410, 413, 422, 429, 500, 503];
  for (const name of ['none', 'signed', 'identity', 'header']) {
    for (let times = 0; times < STATUSES.length; times++) {
      expect(await fire.time.until(sender.send(name))).toHaveProperty('reason');
    }
  }
  expect(shown.join('\n')).toContain(HEADER_VALUE);
  expect(shown.join('\n')).toMatch(/Bearer eyJ.*canary-path.*canary-body/);
  // The sender's end looks through all reasons.
});

test('a destination answers 401 or 403 → the reason says what to look at', async () => {
  const receiver = await fire.keep(startReceiver());
  const { url } = receiver;
  const scope = 'api://refused/.default';
  const sender = await fire.keep(
    startSender({
      none: { url },
      signed: { url, auth: { type: 'standard-webhooks', secretSettings: ['SECRET'] } },
      identity: { url, auth: { type: 'managed-identity', scope } },
      header: { url, auth: { type: 'header', header: 'X-Api-Key', secretSettings: ['HEADER_VALUE'] } },
    }),
  );
  for (const status of [401, 403]) {
    receiver.behave = () => (_request, response) => void response.writeHead(status).end();
    const told = async (name: string) => {
      const became = await fire.time.until(sender.send(name));
      expect(became).toMatchObject({ kind: 'failed', status });
      return 'reason' in became ? became.reason : '';
    };
    expect(await told('none')).toContain('auth');
    expect(await told('signed')).toContain('secretSettings');
    expect(await told('header')).toContain('X-Api-Key');
    const identity = await told('identity');
    expect(identity).toContain(scope);
    expect(identity).toContain('24 hours');
  }
});

test('a destination resets, says no HTTP, refuses the connection or has no address → a failed attempt that says so', async () => {
  const { receiver, send } = await between();
  const reason = (text: string) => ({ kind: 'failed', reason: expect.stringContaining(text) });
  receiver.behave = () => 'reset';
  expect(await send()).toEqual(reason('could not be reached (ECONNRESET)'));
  receiver.behave = () => 'no-http';
  expect(await send()).toEqual(reason('cannot be read (HPE_'));
  const sender = await fire.keep(
    startSender({
      closed: { url: `http://127.0.0.1:${CLOSED_PORT}/` },
      nowhere: { url: 'https://receiver.invalid/hook' },
    }),
  );
  expect(await fire.time.until(sender.send('closed'))).toEqual(reason('ECONNREFUSED'));
  const restore = resolveBy(() => 'ENOTFOUND');
  try {
    expect(await fire.time.until(sender.send('nowhere'))).toEqual(reason('(ENOTFOUND)'));
  } finally {
    restore();
  }
});

test('a destination closes its connections between attempts → the next one takes another, and is delivered', async () => {
  const { receiver, send } = await between();
  receiver.behave = () => (request, response) => {
    response.once('finish', () => request.socket.end());
    accept(request, response);
  };
  for (let times = 0; times < 3; times++) {
    expect(await send()).toEqual({ kind: 'delivered', status: 202 });
    await fire.time.settle();
  }
  expect(receiver.connections).toBe(3);
});

test('a destination’s certificate does not hold → a failed attempt that says so, and nothing sent; one that holds is sent to', async () => {
  const wrong = await fire.keep(startReceiver({ tls: SELF_SIGNED_TLS }));
  const right = await fire.keep(startReceiver({ tls: AUTHORITY_TLS }));
  const sender = await fire.keep(startSender({ wrong: { url: wrong.url }, right: { url: right.url } }));
  expect(await fire.time.until(sender.send('wrong'))).toEqual({
    kind: 'failed',
    lasts: true,
    reason: expect.stringContaining('certificate does not hold (DEPTH_ZERO_SELF_SIGNED_CERT)'),
  });
  expect(wrong.received).toEqual([]);
  expect(wrong.connections).toBe(1);
  expect(await fire.time.until(sender.send('right'))).toEqual({ kind: 'delivered', status: 202 });
});

test('a destination answers with 500 MB → cut at a small cap, and the socket is closed', async () => {
  const { receiver, sender } = await between();
  let socket: Socket | undefined;
  receiver.behave = () => (request, response) => {
    socket = request.socket;
    return FAILURES.huge(request, response);
  };
  // Time stands still while real bytes move.
  expect(await sender.send()).toMatchObject({ kind: 'failed', status: 500 });
  await fire.time.settle();
  expect(receiver.open).toBe(0);
  expect(socket?.bytesWritten).toBeLessThan(250_000_000); // the cap, and what the sockets hold
});

test('a destination’s name resolves to a private, link-local, metadata or loopback address → not called, and the reason says what to set', async () => {
  const guarded = { url: 'https://siem.example.com/hook/canary-path' };
  for (const address of [
    '169.254.169.254',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '127.0.0.1',
    '0.0.0.0',
    '100.64.0.1',
    '168.63.129.16',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:169.254.169.254',
    '::ffff:10.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
  ]) {
    const restore = resolveTo(address);
    try {
      const sender = await fire.keep(startSender({ siem: guarded }));
      const became = await fire.time.until(sender.send());
      expect({ address, became }).toEqual({
        address,
        became: {
          kind: 'failed',
          lasts: true,
          reason: expect.stringMatching(/was not called.*allowPrivateHost/),
        },
      });
    } finally {
      restore();
    }
  }
});

test('a destination that may be private → called there, and still not where a cloud answers its own machines', async () => {
  const receiver = await fire.keep(startReceiver({ tls: AUTHORITY_TLS }));
  const { port, pathname } = new URL(receiver.url);
  const named = { url: `https://siem.example.com:${port}${pathname}` };
  for (const [address, why] of [
    ['127.0.0.1', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['169.254.169.254', 'was not called: its address'],
    ['168.63.129.16', 'was not called: its address'],
  ]) {
    const restore = resolveTo(String(address));
    try {
      const sender = await fire.keep(startSender({ siem: { ...named, allowPrivateHost: true } }));
      // The connection is made, and the certificate is another host's.
      expect(await fire.time.until(sender.send())).toEqual({
        kind: 'failed',
        lasts: true,
        reason: expect.stringContaining(String(why)),
      });
    } finally {
      restore();
    }
  }
});

test.each([
  // 169.254.169.254 and 168.63.129.16 in each way that an address can hold them
  ...[
    '169.254.169.254',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[::a9fe:a9fe]',
    '[64:ff9b::a9fe:a9fe]',
  ],
  ...['[64:ff9b:1::a9fe:a9fe]', '[2002:a9fe:a9fe::1]', '[0:0:0:0:0:FFFF:A9FE:A9FE]', '[::ffff:0:a9fe:a9fe]'],
  ...[
    '168.63.129.16',
    '[::ffff:168.63.129.16]',
    '[::ffff:a83f:8110]',
    '[::a83f:8110]',
    '[64:ff9b::a83f:8110]',
  ],
  ...['169.254.131.2', '[fe80::1]', '[fd00:ec2::254]', '[::]', '0.0.0.0'],
])(
  'a destination is written with the platform’s address (%s), private ones allowed → not called',
  async (host) => {
    const sender = await fire.keep(
      startSender({ siem: { url: `https://${host}/`, allowPrivateHost: true } }),
    );
    expect(await fire.time.until(sender.send())).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('was not called'),
    });
  },
);

test.each([
  '10.0.0.1',
  '::ffff:10.0.0.1',
  '::10.0.0.1',
  '::808:808',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
  'fc00::1',
])(
  'an address that is in no public range, or that holds another one (%s), is refused unless private ones are allowed',
  (address) => {
    expect([isRefused(address, false), isRefused(address, true)]).toEqual([true, false]);
  },
);

test.each(['8.8.8.8', '2606:4700::1111'])('a public address (%s) is not refused', (address) => {
  expect([isRefused(address, false), isRefused(address, true)]).toEqual([false, false]);
});
