import { randomUUID } from 'node:crypto';
import type { Agent, IncomingMessage, Server, ServerResponse } from 'node:http';
import http from 'node:http';
import { hasKey } from './auth.js';
import type { Registrations } from './core.js';
import type { LogSink, ProgrammingModel } from './core-api.js';
import { drain, forward } from './forward.js';
import { triggerMetadata } from './headers.js';
import type { HostJson } from './host-json.js';
import { invoke } from './invoke.js';
import { type HttpRoute, httpRoutes, matchRoute, type RouteMatch } from './routes.js';
import { traceContext } from './trace.js';

/** What the HTTP side of the host is made of. */
export interface HttpFrontOptions {
  registrations: Registrations;
  hostJson: HostJson;
  functionKey: string | undefined;
  model: ProgrammingModel;
  worker: { port: number; agent: Agent };
  log: LogSink;
}

/** Kestrel's keep-alive time-out; Node's own 5 s would cut connections that callers still pool. */
const keepAliveMs = 130_000;

/**
 * The door for HTTP triggers: route, key, invocation. It answers by itself, with an empty body, what
 * never reaches a function: 404 for a wrong route or method, then 401 for a wrong key.
 */
export class HttpFront {
  readonly server: Server;
  readonly #options: HttpFrontOptions;
  readonly #routes: readonly HttpRoute[];
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: HttpFrontOptions) {
    this.#options = options;
    this.#routes = httpRoutes(options.registrations, options.hostJson);
    this.server = http.createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
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
    const match = matchRoute(this.#routes, request.method ?? '', path);
    if (!match) answerEmpty(response, 404);
    else if (!this.#mayCall(match.route, request, query)) answerEmpty(response, 401);
    else await this.#call(match, query, request, response);
    await drain(request);
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
  ): Promise<void> {
    const { registrations, model, worker, log } = this.#options;
    const invocationId = randomUUID();
    const start = () =>
      invoke({
        model,
        registrations,
        registered: route.registered,
        log,
        request: {
          invocationId,
          inputData: [{ name: route.bindingName, data: {} }],
          triggerMetadata: triggerMetadata(request, query, params),
          traceContext: traceContext(request.headers),
        },
      });
    try {
      await forward({ request, response, invocationId, start, worker });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const functionName = route.registered.metadata.name;
      log({ level: 'error', category: 'system', functionName, invocationId, message });
      // The real host's empty 500; or, if the answer has begun, the end of the connection.
      if (response.headersSent) response.destroy();
      else answerEmpty(response, 500);
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
