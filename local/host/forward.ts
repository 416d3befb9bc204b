import type { Agent, IncomingMessage, ServerResponse } from 'node:http';
import http from 'node:http';
import { systemClock } from '../../shared/base/clock.js';
import { endToEndHeaders, invocationIdHeader } from './headers.js';
import type { Invocation } from './invoke.js';

/** How long a caller may go on sending a body that nobody reads any more (Kestrel: 5 s). */
const drainMs = 5_000;

/** One request on its way to the worker. */
export interface ForwardOptions {
  request: IncomingMessage;
  response: ServerResponse;
  invocationId: string;
  /** Starts the invocation that waits for this request. */
  start: () => Invocation;
  worker: { port: number; agent: Agent };
}

/**
 * Starts the invocation and proxies the request to the worker and its answer back, both streamed.
 * Resolves when both are over; rejects with what the invocation or the connection to the worker
 * failed of: then the answer is the caller's business.
 *
 * As in the real host, the function learns nothing of a caller who goes away, unless it is still
 * reading the body.
 */
export async function forward(options: ForwardOptions): Promise<void> {
  const { request, response } = options;
  const upstream = openUpstream(options);
  const answered = answer(upstream, response);
  const invocation = options.start();
  // Not before the worker has the request: the invocation would wait for it for ever.
  const cut = () => void invocation.received.then(() => upstream.destroy());
  response.once('close', () => response.writableFinished || cut());
  request.pipe(upstream);
  try {
    await Promise.all([answered, requireResult(invocation)]);
    // Answered without having read everything: that connection cannot be used again.
    if (!upstream.writableFinished) cut();
  } catch (error) {
    cut();
    throw error;
  } finally {
    request.unpipe(upstream);
  }
}

function openUpstream({ request, invocationId, worker }: ForwardOptions): http.ClientRequest {
  const headers = endToEndHeaders(request);
  // The answer to "100-continue" is given already, by this server.
  delete headers.expect;
  headers['x-forwarded-host'] = request.headers.host ?? '127.0.0.1';
  headers['x-forwarded-proto'] = 'http';
  headers[invocationIdHeader] = invocationId;
  if (request.headers['transfer-encoding']) headers['transfer-encoding'] = 'chunked';
  const upstream = http.request({
    host: '127.0.0.1',
    port: worker.port,
    agent: worker.agent,
    method: request.method,
    path: request.url,
    headers,
  });
  // Now, not with the first byte of a body that may never come.
  upstream.flushHeaders();
  return upstream;
}

/** Streams the worker's answer to the caller. Resolves once it is through, or the caller is gone. */
function answer(upstream: http.ClientRequest, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    response.once('close', resolve).once('finish', resolve);
    upstream.on('error', reject);
    upstream.once('response', (incoming) => {
      incoming.on('error', reject);
      const headers = endToEndHeaders(incoming);
      delete headers[invocationIdHeader];
      if (response.headersSent || response.destroyed) return incoming.resume();
      response.writeHead(incoming.statusCode ?? 500, headers);
      incoming.pipe(response);
    });
  });
}

/** A handler that returns nothing makes the library send nothing: the real host waits until it cuts. */
async function requireResult(invocation: Invocation): Promise<void> {
  const result = await invocation.result;
  if (result === null || result === undefined) throw new Error('The handler returned no response.');
}

/**
 * Reads the rest of a body that nobody wants, so that the caller, who may not look at the answer
 * before all is sent, gets it; closes the connection when that takes too long. Like Kestrel.
 */
export async function drain(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  const over = new AbortController();
  request.once('end', () => over.abort()).once('close', () => over.abort());
  request.resume();
  // The machine's own clock: this is about real bytes on a real socket.
  await systemClock.sleep(drainMs, over.signal).then(
    () => request.socket.destroy(), // the response has let go of it when it is finished
    () => {},
  );
}
