import type { Server } from 'node:http';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { closeServer, listen } from '../loopback.js';
import type { ProgrammingModel } from './core-api.js';

/**
 * The HTTP server that `@azure/functions` opens for HTTP streaming, where the host proxies requests.
 *
 * The library opens it once per module instance, says only its URL (capability `HttpUri`) and has no
 * call to close it. So the server is caught while it is made; it listens while at least one host uses
 * it, and nothing is left open after the last one.
 */
export class StreamWorker {
  readonly model: ProgrammingModel;
  #server: Promise<Server> | undefined;
  #users = 0;
  /** Openings and closings happen one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(model: ProgrammingModel) {
    this.model = model;
  }

  /** Makes it listen for one more user; answers the port on 127.0.0.1. */
  acquire(): Promise<number> {
    this.#users += 1;
    return this.#inTurn(async () => {
      this.#server ??= captureStreamServer(this.model);
      const server = await this.#server;
      if (!server.listening) await listen(server, 0);
      return (server.address() as AddressInfo).port;
    });
  }

  /** The counterpart of `acquire`: the last user closes. */
  release(): Promise<void> {
    this.#users -= 1;
    return this.#inTurn(async () => {
      if (this.#users === 0 && this.#server) await closeServer(await this.#server);
    });
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** Lets the library open its server, and keeps hold of it. */
async function captureStreamServer(model: ProgrammingModel): Promise<Server> {
  const made: Server[] = [];
  const original = http.createServer;
  http.createServer = ((...args: Parameters<typeof original>) => {
    const server = original(...args);
    made.push(server);
    return server;
  }) as typeof original;
  let uri: string | undefined;
  try {
    uri = (await model.getCapabilities({})).HttpUri;
  } finally {
    http.createServer = original;
  }
  if (!uri) {
    throw new Error(
      'HTTP streaming is off, and this host knows no other way: call app.setup({ enableHttpStream: true }).',
    );
  }
  const port = Number(new URL(uri).port);
  const server = made.find((each) => (each.address() as AddressInfo | null)?.port === port);
  if (!server)
    throw new Error(`${model.name} ${model.version} did not open its server with http.createServer.`);
  // The host keeps connections for reuse. Were the worker to close idle ones (after 5 s), a request
  // could be sent into a connection that is just being closed.
  server.keepAliveTimeout = 0;
  return server;
}
