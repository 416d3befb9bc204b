import type { IncomingMessage, ServerResponse } from 'node:http';
import http from 'node:http';
import type { Clock } from '../../shared/base/clock.js';
import { type Dispatched, NoAnswer } from './dispatcher.js';
import { endToEndHeaders, forwardedTarget, invocationIdHeader } from './headers.js';
import type { Upload } from './upload.js';

/** How long a caller may go on sending a body that nobody reads any more (Kestrel: 5 s). */
const drainMs = 5_000;

/**
 * How long the proxy waits for an answer that nothing comes of (`DefaultHttpProxyService`, ActivityTimeout).
 */
export const ACTIVITY_TIMEOUT_MS = 240_000;

/** One request on its way to the worker. */
export interface ForwardOptions {
  readonly clock: Clock;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly invocationId: string;
  /** The invocation that waits for this request. */
  readonly invocation: Dispatched;
  /** The body, where it has been read already. */
  readonly body: Buffer | undefined;
  readonly upload: Upload;
  /** Whether the client that forwards can write its headers; else the invocation waits in vain. */
  readonly isSendable: boolean;
}

/**
 * Forwards a request to the worker, and its answer back, both streamed. Resolves when both are over; rejects
 * when there will be no answer.
 *
 * What the invocation comes to does not end a request by itself: the host waits for the worker's answer in
 * any case (`GrpcWorkerChannel`), so a handler that throws leaves its caller waiting until the proxy gives
 * up. And a request that does not reach the worker leaves its invocation waiting until `functionTimeout`.
 *
 * As in the real host, the function learns nothing of a caller who goes away, unless it is still
 * reading the body.
 */
export async function forward(options: ForwardOptions): Promise<void> {
  const { clock, request, response, invocation, body, upload, isSendable } = options;
  const { result } = invocation;
  if (!isSendable) return void (await result);
  const upstream = openUpstream(options);
  const answered = answer(upstream, response);
  // Not before the worker has the request: the invocation would wait for it for ever.
  const cut = () => void invocation.received.then(() => upstream.destroy());
  response.once('close', () => response.writableFinished || cut());
  if (body) upstream.end(body);
  else request.pipe(upstream);
  const over = new AbortController();
  const tooLong = clock.sleep(ACTIVITY_TIMEOUT_MS, over.signal).then(
    () => Promise.reject(new Error('The request was not answered in time.')),
    () => {},
  );
  const noAnswer = result.then(never, (error) =>
    error instanceof NoAnswer ? Promise.reject(error) : never(),
  );
  try {
    await Promise.race([answered, upload.unfit, noAnswer, tooLong]);
    await result;
    // Answered without having read everything: that connection cannot be used again.
    if (!upstream.writableFinished) cut();
  } catch (error) {
    cut();
    throw error;
  } finally {
    over.abort();
    request.unpipe(upstream);
  }
}

function openUpstream({ request, invocationId, invocation, body }: ForwardOptions): http.ClientRequest {
  const headers = endToEndHeaders(request);
  // The answer to "100-continue" is given already, by this server.
  delete headers.expect;
  headers['x-forwarded-host'] = request.headers.host ?? '127.0.0.1';
  headers['x-forwarded-proto'] = 'http';
  headers[invocationIdHeader] = invocationId;
  if (!body && request.headers['transfer-encoding']) headers['transfer-encoding'] = 'chunked';
  const { port, agent } = invocation.worker;
  const { method, url = '' } = request;
  const path = forwardedTarget(url);
  const upstream = http.request({ host: '127.0.0.1', port, agent, method, path, headers });
  // Now, not with the first byte of a body that may never come.
  upstream.flushHeaders();
  return upstream;
}

/**
 * Streams the worker's answer to the caller. Resolves once it is through, or the caller is gone. What comes
 * of no invocation (the worker's server refuses a request by itself) is no answer; nor is a broken
 * connection.
 */
function answer(upstream: http.ClientRequest, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve).once('finish', resolve);
    upstream.on('error', () => {});
    upstream.once('response', (incoming) => {
      incoming.on('error', () => response.destroy());
      if (!(invocationIdHeader in incoming.headers)) return incoming.resume();
      if (response.headersSent || response.destroyed) return incoming.resume();
      const headers = endToEndHeaders(incoming);
      delete headers['alt-svc']; // of another connection than the caller's (YARP's RequestUtilities)
      response.writeHead(incoming.statusCode ?? 500, headers);
      incoming.pipe(response);
    });
  });
}

function never(): Promise<never> {
  return new Promise(() => {});
}

/**
 * Reads the rest of a body that nobody wants, so that the caller, who may not look at the answer
 * before all is sent, gets it; closes the connection when that takes too long. Like Kestrel.
 */
export async function drain(request: IncomingMessage, clock: Clock): Promise<void> {
  if (request.complete || request.destroyed) return;
  const over = new AbortController();
  request.once('end', () => over.abort()).once('close', () => over.abort());
  request.resume();
  await clock.sleep(drainMs, over.signal).then(
    () => request.socket.destroy(), // the response has let go of it when it is finished
    () => {},
  );
}
