import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { answering, closeServer, listen } from '../loopback.js';
import { accept, type Behaviour, FAILURES, type Failure } from './behaviour.js';

/** One request that arrived, read to its end. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Whether the signature holds; undefined where the receiver knows no secret. */
  readonly isVerified: boolean | undefined;
}

export interface ReceiverOptions {
  /** As Standard Webhooks writes secrets; absent: signatures are not looked at. */
  readonly secret?: string;
  /** Key and certificate, for https. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A receiver of webhooks. */
export interface Receiver {
  /** Its address, with a path that must not be shown. */
  readonly url: string;
  /** All that arrived, in order; also what was refused. */
  readonly received: readonly Received[];
  /** Connections that were made. */
  readonly connections: number;
  /** Connections that are open. */
  readonly open: number;
  /**
   * What is done with a request, if it is to fail; looked at for each. A wrong signature is refused in any
   * case.
   */
  behave: ((received: Received) => Failure | Behaviour | undefined) | undefined;
  close(): Promise<void>;
}

/** A path like those of Logic Apps and Slack, which are secrets. */
const SECRET_PATH = '/hook/canary-path?sig=canary-sig';

/**
 * Starts a receiver on 127.0.0.1 that checks signatures with the library that Standard Webhooks gives to
 * receivers.
 */
export async function startReceiver({ secret, tls }: ReceiverOptions = {}): Promise<Receiver> {
  const received: Received[] = [];
  const sockets = new Set<unknown>();
  let connections = 0;
  const onRequest = answering(async (request: IncomingMessage, response: ServerResponse) => {
    const one = await read(request, secret);
    received.push(one);
    const failure = receiver.behave?.(one);
    const behaviour = typeof failure === 'string' ? FAILURES[failure] : failure;
    if (one.isVerified === false) response.writeHead(401).end();
    else await (behaviour ?? accept)(request, response);
  });
  const server = tls ? createHttpsServer(tls, onRequest) : createServer(onRequest);
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const origin = await listen(server, 0);
  const receiver: Receiver = {
    url: `${tls ? origin.replace('http:', 'https:') : origin}${SECRET_PATH}`,
    received,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    behave: undefined,
    close: () => closeServer(server),
  };
  return receiver;
}

/** Rejects when the sender has gone before the end. */
async function read(request: IncomingMessage, secret: string | undefined): Promise<Received> {
  const body = (await buffer(request)).toString('utf8');
  const { method = '', url: path = '', headers } = request;
  const isVerified = secret === undefined ? undefined : verifies(secret, body, headers);
  return { method, path, headers, body, isVerified };
}

function verifies(secret: string, body: string, headers: IncomingHttpHeaders): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}
