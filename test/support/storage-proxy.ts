import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { closeServer, listen } from '../../local/loopback.js';

/** When a test may step in: as a request comes in, and when its answer is ready to go back. */
export type Stage = 'asked' | 'answered';

/** Stands between instances and their storage account, where a test can hold things up. */
export interface StorageProxy {
  readonly connectionString: string;
  /** `METHOD path` of each request so far. */
  readonly requests: readonly string[];
  /** Those of them that wrote something, and were answered. */
  readonly writes: readonly string[];
  /** Says `hold` to let the exchange end there: nothing more is passed on, and no answer comes. */
  onExchange: (stage: Stage, request: string) => 'pass' | 'hold';
  close(): Promise<void>;
}

/** Starts a proxy before the account of a connection string: one for its blobs, one for its queues. */
export async function startStorageProxy(connectionString: string): Promise<StorageProxy> {
  const requests: string[] = [];
  const writes: string[] = [];
  const agent = new http.Agent({ keepAlive: true });

  function passTo(target: string, request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = request;
    const name = `${method} ${url.split('?')[0]}`;
    requests.push(name);
    if (proxy.onExchange('asked', name) === 'hold') return;
    const forwarded = http.request(`${target}${url}`, { method, headers, agent }, (answer) => {
      if (proxy.onExchange('answered', name) === 'hold') return void answer.resume();
      if (answer.statusCode === 201) writes.push(name);
      response.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  }

  const servers: http.Server[] = [];
  let through = connectionString;
  for (const [, target = ''] of connectionString.matchAll(/(?:Blob|Queue)Endpoint=(http:\/\/[^/;]+)/g)) {
    const server = http.createServer((request, response) => passTo(target, request, response));
    servers.push(server);
    through = through.replace(target, await listen(server, 0));
  }
  const proxy: StorageProxy = {
    connectionString: through,
    requests,
    writes,
    onExchange: () => 'pass',
    close: async () => {
      agent.destroy();
      await Promise.all(servers.map(closeServer));
    },
  };
  return proxy;
}
