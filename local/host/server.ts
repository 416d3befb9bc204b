import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import http from 'node:http';
import type { Clock } from '../../shared/base/clock.js';
import { hasKey } from './auth.js';
import type { FunctionMetadata, LogSink } from './core-api.js';
import type { Dispatcher } from './dispatcher.js';
import { drain, forward } from './forward.js';
import { FRONT_LIMITS, judgeHead, triggerMetadata } from './headers.js';
import type { HostJson } from './host-json.js';
import { type HttpRoute, httpRoutes, matchRoute, type RouteMatch } from './routes.js';
import { traceContext } from './trace.js';
import { Upload } from './upload.js';

/** What the HTTP side of the host is made of. */
export interface HttpFrontOptions {
  readonly functions: readonly FunctionMetadata[];
  readonly dispatcher: Dispatcher;
  readonly hostJson: HostJson;
  readonly functionKey: string | undefined;
  readonly hasTelemetry: boolean;
  readonly clock: Clock;
  readonly log: LogSink;
}

/** Kestrel's keep-alive time-out; Node's own 5 s would cut connections that callers still pool. */
const keepAliveMs = 130_000;

const SERVER = {
  keepAliveTimeout: keepAliveMs,
  maxHeaderSize: FRONT_LIMITS.headerBytes + FRONT_LIMITS.requestLine,
};

/**
 * The front for HTTP triggers: route, key, invocation. It answers by itself, with an empty body, what
 * never reaches a function: 404 for a wrong route or method, then 401 for a wrong key.
 */
export class HttpFront {
  readonly server: Server;
  readonly #options: HttpFrontOptions;
  readonly #routes: readonly HttpRoute[];
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: HttpFrontOptions) {
    this.#options = options;
    this.#routes = httpRoutes(options.functions, options.hostJson);
    this.server = http.createServer(SERVER, (request, response) => {
      const handled = this.#handle(request, response).finally(() => this.#inFlight.delete(handled));
      this.#inFlight.add(handled);
    });
  }

  /** Resolves when no request is in flight. Requests that come meanwhile are waited for as well. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  /** Never rejects: whatever goes wrong with one request is answered and logged. */
  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A caller may go away at any moment; that is no error of ours.
    request.on('error', () => {});
    response.on('error', () => {});
    const [path = '', search = ''] = splitOnce(request.url ?? '', '?');
    const query = new URLSearchParams(search);
    const head = judgeHead(request);
    const match = matchRoute(this.#routes, request.method ?? '', path);
    if (typeof head === 'number') answerEmpty(response, head);
    else if (!match) answerEmpty(response, 404);
    else if (!this.#mayCall(match.route, request, query)) {
      const message = `401: the function key is missing or wrong. It is the value of FUNCTION_KEY, in the header x-functions-key, or in the query as code.`;
      this.#options.log({
        level: 'warning',
        category: 'system',
        functionName: match.route.functionName,
        message,
      });
      answerEmpty(response, 401);
    } else await this.#call(match, query, request, response, head === 'usable');
    await drain(request, this.#options.clock);
  }

  #mayCall(route: HttpRoute, request: IncomingMessage, query: URLSearchParams): boolean {
    const { functionKey } = this.#options;
    return functionKey === undefined || route.anonymous || hasKey(request, query, functionKey);
  }

  async #call(
    { route, params }: RouteMatch,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
    isSendable: boolean,
  ): Promise<void> {
    const { dispatcher, clock, log, hasTelemetry } = this.#options;
    const invocationId = randomUUID();
    const upload = new Upload(request, clock);
    try {
      // A body with a length is read before the function starts, since the host looks into it.
      const body = Number(request.headers['content-length']) > 0 ? await upload.whole() : undefined;
      const invocation = await dispatcher.dispatch(route.functionName, {
        invocationId,
        inputData: [{ name: route.bindingName, data: {} }],
        triggerMetadata: triggerMetadata(request, query, params, body?.toString()),
        traceContext: traceContext(request.headers, hasTelemetry),
      });
      await forward({ clock, request, response, invocationId, invocation, body, upload, isSendable });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log({ level: 'error', category: 'system', functionName: route.functionName, invocationId, message });
      // The real host's empty 500; or, if the answer has begun, the end of the connection.
      if (!response.headersSent) answerEmpty(response, 500);
      else if (!response.writableFinished) response.destroy();
    } finally {
      upload.stop();
    }
  }
}

function answerEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 }).end();
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
