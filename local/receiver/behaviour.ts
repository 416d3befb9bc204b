import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers a request, or fails to. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** What a redirect of ours points to: where a cloud tells its own machines their secrets. */
export const METADATA = 'http://169.254.169.254/latest/meta-data/';

/** More than any system holds in the buffers of a connection. */
const HUGE_BYTES = 500_000_000;

/** The ways in which receivers fail. */
export const FAILURES = {
  error: (_request, response) => {
    response.writeHead(500).end('Oops');
  },
  unavailable: (_request, response) => {
    response.writeHead(503, { 'Retry-After': '7' }).end();
  },
  throttled: (_request, response) => {
    response.writeHead(429, { 'Retry-After': '2' }).end();
  },
  gone: (_request, response) => {
    response.writeHead(410).end();
  },
  redirect: (_request, response) => {
    response.writeHead(302, { Location: METADATA }).end();
  },
  hang: () => {},
  'hang-after-headers': (_request, response) => {
    response.writeHead(200, { 'Content-Length': '100' }).write('{');
  },
  'error-and-hang': (_request, response) => {
    response.writeHead(500, { 'Content-Length': '100' }).write('{');
  },
  reset: (request) => {
    request.socket.resetAndDestroy();
  },
  'no-http': (request) => {
    request.socket.end('SSH-2.0-OpenSSH_9.6\r\n');
  },
  huge: async (_request, response) => {
    response.writeHead(500);
    const chunk = Buffer.alloc(1_000_000, ' ');
    for (let sent = 0; sent < HUGE_BYTES && !response.destroyed; sent += chunk.length) {
      if (!response.write(chunk)) await drained(response);
    }
    response.end();
  },
} as const satisfies Record<string, Behaviour>;

export type Failure = keyof typeof FAILURES;

/** What a receiver does that has got what it wanted. */
export const accept: Behaviour = (_request, response) => {
  response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"ok":true}');
};

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
