import { once } from 'node:events';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import tls from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import { startDefenderSimulator } from '../../local/defender/simulator.js';
import { startLoginAuthority } from '../../local/entra/authority.js';
import { startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { startIngestionEndpoint } from '../../local/ingestion/endpoint.js';
import { startReceiver } from '../../local/receiver/receiver.js';
import { systemClock as clock } from '../../shared/base/clock.js';
import { AUTHORITY_TLS } from '../support/tls-fixtures.js';

let closing: (() => Promise<void>) | undefined;
afterEach(() => closing?.());

const start = {
  identity: () => startIdentityEndpoint({ clock }),
  defender: () => startDefenderSimulator({ clock, random: () => 0.5, audience: 'https://defender.test' }),
  ingestion: () => startIngestionEndpoint({ clock }),
  receiver: () => startReceiver({ secret: 'whsec_dGVzdA==' }),
  authority: () =>
    startLoginAuthority({
      clock,
      tls: AUTHORITY_TLS,
      clientId: 'client',
      federated: { subject: 'subject', audience: 'audience' },
    }),
};

const post = (path: string, body: string | Buffer, more = '') =>
  Buffer.concat([
    Buffer.from(`POST ${path} HTTP/1.1\r\nHost: h\r\n${more}Content-Length: ${body.length}\r\n\r\n`),
    Buffer.from(body),
  ]);

/** Sends bytes as they are; what comes back until the other side ends the connection. */
async function exchange(url: string, bytes: string | Buffer): Promise<string> {
  const socket = await open(url);
  socket.write(bytes);
  return (await buffer(socket)).toString();
}

async function open(url: string) {
  const { protocol, port } = new URL(url);
  const options = { port: Number(port), host: '127.0.0.1' };
  if (protocol === 'http:') return connect(options);
  const socket = tls.connect({ ...options, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return socket;
}

/** Any whole answer shows that it is still there. */
const isUp = async (url: string) =>
  /^HTTP\/1\.1 \d+ /.test(await exchange(url, 'GET /up HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'));

test.each([
  ['identity', 'GET // HTTP/1.1\r\nHost: h\r\n\r\n'],
  ['ingestion', post('/v2.1/track', 'no JSON')],
  ['ingestion', post('/v2.1/track', 'no gzip', 'Content-Encoding: gzip\r\n')],
  ['ingestion', post('/v2.1/track', gzipSync('[]').subarray(0, -4), 'Content-Encoding: gzip\r\n')],
] as const)('%s cuts the connection of a request that it cannot read, and goes on', async (name, bytes) => {
  const { url, close } = await start[name]();
  closing = close;
  expect(await exchange(url, bytes)).toBe('');
  expect(await isUp(url)).toBe(true);
});

test.each(['identity', 'defender', 'ingestion', 'receiver', 'authority'] as const)(
  '%s goes on when a body is cut off on its way',
  async (name) => {
    const { url, close } = await start[name]();
    closing = close;
    const socket = await open(url);
    socket.write('POST /oauth2/v2.0/token HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nonly this');
    socket.end();
    await once(socket.resume(), 'close');
    expect(await isUp(url)).toBe(true);
  },
);
