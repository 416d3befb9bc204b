/** What is played with the proxy between the host's front and the worker, in bytes on a socket. */
import net from 'node:net';
import type { Facts } from './queue-scenarios.js';

/** A request as the function gets it. */
export interface Reached {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What the function answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A front with a function behind it that takes every route. */
export interface Front {
  readonly port: number;
  /** Requests that reached the function. */
  readonly reached: readonly Reached[];
  /** How many requests the worker's server has refused before any function was reached. */
  refusals(): number;
  answer: Answer;
  close(): Promise<void>;
}

export interface ProxyScenario {
  readonly name: string;
  readonly request: Buffer;
  readonly answer?: Answer;
  /** What of the exchange is compared. */
  readonly facts: (seen: { readonly reached: Reached | undefined; readonly reply: string }) => Facts;
}

/** Longer than a healthy exchange takes on a busy machine; what hangs, hangs for minutes. */
const PATIENCE_MS = 6_000;

/** Sends bytes and reads what comes back until the other side closes. */
function exchange(port: number, request: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    const timer = setTimeout(end, PATIENCE_MS);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', end).on('close', end).on('end', end);
    socket.write(request);
  });
}

/** Plays a scenario with a front. */
export async function playProxy(front: Front, { request, answer, facts }: ProxyScenario): Promise<Facts> {
  front.answer = answer ?? { status: 200 };
  const before = { reached: front.reached.length, refusals: front.refusals() };
  const reply = await exchange(front.port, request);
  const isRefused = front.refusals() > before.refusals;
  return facts({ reached: front.reached[before.reached], reply: isRefused ? '' : reply });
}

/**
 * A front that cannot reach its worker answers 502 by itself; behind the real host that answer is never sent.
 */
function statusOf(reply: string): string {
  const status = /^HTTP\/1\.1 (\d+)/.exec(reply)?.[1];
  return status === undefined || status === '502' ? 'none' : status;
}

const headersIn = (extra: Buffer | string, line = 'GET /api/echo HTTP/1.1') =>
  Buffer.concat([
    Buffer.from(`${line}\r\nHost: 127.0.0.1\r\nConnection: close\r\n`),
    Buffer.from(extra),
    Buffer.from('\r\n\r\n'),
  ]);

const basic: ProxyScenario['facts'] = ({ reached, reply }) => ({
  'the function is reached': reached !== undefined,
  status: statusOf(reply),
});

const header =
  (name: string): ProxyScenario['facts'] =>
  (seen) => ({
    ...basic(seen),
    value: Buffer.from(seen.reached?.headers[name] ?? '', 'latin1').toString('hex'),
  });

const bodyOf: ProxyScenario['facts'] = (seen) => ({
  ...basic(seen),
  body: seen.reached?.body.toString('utf8') ?? '',
});

const path: ProxyScenario['facts'] = (seen) => ({ ...basic(seen), path: seen.reached?.path ?? '' });

const kept =
  (name: string): ProxyScenario['facts'] =>
  (seen) => ({
    ...basic(seen),
    passed: new RegExp(`^${name}:`, 'im').test(seen.reply),
  });

const many = Array.from({ length: 110 }, (_, index) => `X-${index}: 1`).join('\r\n');

export const PROXY_SCENARIOS: readonly ProxyScenario[] = [
  { name: 'a plain request', request: headersIn('X-Note: plain'), facts: header('x-note') },
  { name: 'a header in UTF-8', request: headersIn('X-Note: café'), facts: header('x-note') },
  {
    name: 'a header with a Latin-1 byte',
    request: headersIn(Buffer.from('X-Note: caf\xe9', 'latin1')),
    facts: header('x-note'),
  },
  ...['\x01', '\x1b', '\x7f'].map((byte) => ({
    name: `a header with the byte ${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
    request: headersIn(`X-Note: a${byte}b`),
    facts: header('x-note'),
  })),
  { name: 'Expect: foo', request: headersIn('Expect: foo'), facts: basic },
  ...[10, 17, 31, 40].map((kb) => ({
    name: `${kb} kB of headers`,
    request: headersIn(`X-Note: ${'a'.repeat(kb * 1000)}`),
    facts: basic,
  })),
  { name: 'more than 100 headers', request: headersIn(many), facts: basic },
  {
    name: 'a request line of 9 kB',
    request: headersIn('X-Note: a', `GET /api/echo?${'a'.repeat(9000)} HTTP/1.1`),
    facts: basic,
  },
  {
    name: 'a path with encoded characters',
    request: headersIn('X-Note: a', 'GET /api/echo/%41%2Fb%20c?d=%41 HTTP/1.1'),
    facts: path,
  },
  {
    name: 'a body with Content-Length',
    request: Buffer.concat([headersIn('Content-Length: 5', 'POST /api/echo HTTP/1.1'), Buffer.from('{"a"}')]),
    facts: bodyOf,
  },
  {
    name: 'a chunked body',
    request: Buffer.concat([
      headersIn('Transfer-Encoding: chunked', 'POST /api/echo HTTP/1.1'),
      Buffer.from('3\r\n{"a\r\n2\r\n"}\r\n0\r\n\r\n'),
    ]),
    facts: bodyOf,
  },
  {
    name: 'Content-Length and Transfer-Encoding together',
    request: Buffer.concat([
      headersIn('Content-Length: 2\r\nTransfer-Encoding: chunked', 'POST /api/echo HTTP/1.1'),
      Buffer.from('5\r\n{"a"}\r\n0\r\n\r\n'),
    ]),
    facts: bodyOf,
  },
  {
    name: 'a chunk that is none',
    request: Buffer.concat([
      headersIn('Transfer-Encoding: chunked', 'POST /api/echo HTTP/1.1'),
      Buffer.from('zz\r\n'),
    ]),
    facts: ({ reply }) => ({ 'answered as well': statusOf(reply).startsWith('2') }),
  },
  {
    name: 'an answer with Strict-Transport-Security',
    request: headersIn('X-Note: a'),
    answer: { status: 200, headers: { 'strict-transport-security': 'max-age=1' } },
    facts: kept('strict-transport-security'),
  },
  {
    name: 'an answer with Alt-Svc',
    request: headersIn('X-Note: a'),
    answer: { status: 200, headers: { 'alt-svc': 'h3=":443"' } },
    facts: kept('alt-svc'),
  },
  {
    name: 'an answer header with a Latin-1 byte',
    request: headersIn('X-Note: a'),
    answer: { status: 200, headers: { 'x-note': 'caf\xe9' } },
    facts: basic,
  },
];
