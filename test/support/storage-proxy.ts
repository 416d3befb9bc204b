import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { closeServer, listen } from '../../local/loopback.js';

/** When a test may step in: as a request comes in, and when its answer is ready to go back. */
export type Stage = 'asked' | 'answered';

/** The same, and when the storage has not only answered but done what it was asked to. */
export type Moment = Stage | 'written';

/**
 * Says `hold` to let the exchange end there: nothing more is passed on, and no answer comes.
 * @param request `METHOD path`
 * @param status of the answer
 */
export type OnExchange = (stage: Stage, request: string, status?: number) => 'pass' | 'hold';

/** Stands between instances and their storage account, where a test can hold things up. */
export interface StorageProxy {
  readonly connectionString: string;
  /** `METHOD path` of each request so far. */
  readonly requests: readonly string[];
  /** Those of them that wrote something, and were answered. */
  readonly writes: readonly string[];
  onExchange: OnExchange;
  /** Holds the nth such exchange from now on, and no other; resolves when it is held. */
  hold(moment: Moment, request: RegExp, nth?: number): Promise<void>;
  /** Resolves when there have been so many such exchanges from now on. */
  passed(moment: Moment, request: RegExp, times?: number): Promise<void>;
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
      const { statusCode: status = 500, rawHeaders } = answer;
      if (proxy.onExchange('answered', name, status) === 'hold') return void answer.resume();
      if (status === CREATED) writes.push(name);
      response.writeHead(status, rawHeaders);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  }

  /** Resolves at the nth such exchange from now on, which is passed on or held; all others are as before. */
  function at(moment: Moment, request: RegExp, nth: number, verdict: 'pass' | 'hold'): Promise<void> {
    const before = proxy.onExchange;
    let seen = 0;
    return new Promise((resolve) => {
      proxy.onExchange = (stage, name, status) => {
        const isIt = isMoment(moment, stage, status) && request.test(name) && ++seen === nth;
        if (!isIt) return before(stage, name, status);
        proxy.onExchange = before;
        resolve();
        return verdict;
      };
    });
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
    hold: (moment, request, nth = 1) => at(moment, request, nth, 'hold'),
    passed: (moment, request, times = 1) => at(moment, request, times, 'pass'),
    close: async () => {
      agent.destroy();
      await Promise.all(servers.map(closeServer));
    },
  };
  return proxy;
}

/** How the storage says that it has written something. */
const CREATED = 201;

function isMoment(moment: Moment, stage: Stage, status: number | undefined): boolean {
  return moment === 'written' ? status === CREATED : moment === stage;
}
