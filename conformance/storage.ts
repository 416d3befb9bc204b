/**
 * The storage account that both listeners use: Azurite behind a proxy that logs requests and makes faults.
 */
import http from 'node:http';
import { QueueServiceClient } from '@azure/storage-queue';
import { closeServer, listen } from '../local/loopback.js';

/** A request of a listener to the queue service. */
export interface Exchange {
  /** `GET messages`, `PUT messages/ID`, `DELETE messages/ID`, `GET queue`, … */
  readonly what: string;
  readonly query: URLSearchParams;
  readonly bodyBytes: number;
  readonly atMs: number;
}

/** An answer in place of Azurite's. */
export interface Fault {
  readonly status: number;
  /** What `x-ms-error-code` says. */
  readonly code: string;
}

/** One queue behind a proxy of its own. */
export interface Account {
  readonly connectionString: string;
  readonly queueName: string;
  readonly exchanges: readonly Exchange[];
  /** Decides about each request; undefined passes it on. */
  fault: (what: string) => Fault | undefined;
  /** Refuses every connection from now on. */
  refuse(): Promise<void>;
  send(text: string): Promise<void>;
  /** Messages that are there, hidden ones included. */
  count(): Promise<number>;
  /** Texts in the poison queue, as they were stored. */
  poison(): Promise<string[]>;
  create(): Promise<void>;
  close(): Promise<void>;
}

let accounts = 0;

/** @param connectionString Azurite's own */
export async function openAccount(connectionString: string): Promise<Account> {
  accounts += 1;
  const queueName = `conformance-${accounts}`;
  const direct = QueueServiceClient.fromConnectionString(connectionString);
  const queue = direct.getQueueClient(queueName);
  const poison = direct.getQueueClient(`${queueName}-poison`);
  const target = /QueueEndpoint=(http:\/\/[^/;]+)/.exec(connectionString)?.[1] ?? '';
  const exchanges: Exchange[] = [];
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '', target);
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const what = nameOf(request.method ?? '', url.pathname, queueName);
      exchanges.push({ what, query: url.searchParams, bodyBytes: body.length, atMs: performance.now() });
      const fault = account.fault(what);
      if (fault) return answerFault(response, fault);
      const { method, headers } = request;
      const forwarded = http.request(url, { method, headers, agent }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.rawHeaders);
        answer.pipe(response);
      });
      forwarded.on('error', () => response.destroy());
      forwarded.end(body);
    });
    request.on('error', () => {});
  });
  const through = await listen(server, 0);
  const account: Account = {
    connectionString: connectionString.replace(target, through),
    queueName,
    exchanges,
    fault: () => undefined,
    refuse: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    send: async (text) => {
      await queue.sendMessage(text);
    },
    count: async () => (await queue.getProperties()).approximateMessagesCount ?? 0,
    poison: async () => {
      if (!(await poison.exists())) return [];
      const { peekedMessageItems } = await poison.peekMessages({ numberOfMessages: 32 });
      return peekedMessageItems.map(({ messageText }) => messageText);
    },
    create: async () => {
      await queue.createIfNotExists();
    },
    close: async () => {
      agent.destroy();
      if (server.listening) await closeServer(server);
    },
  };
  return account;
}

/** `METHOD` and what of the queue is meant, the poison queue with its own name. */
function nameOf(method: string, path: string, queueName: string): string {
  const [, , name = '', ...rest] = path.split('/');
  const of = name === queueName ? '' : name === `${queueName}-poison` ? 'poison ' : `${name} `;
  const what = rest.length === 0 ? 'queue' : rest.length === 1 ? 'messages' : 'message';
  return `${method} ${of}${what}`;
}

function answerFault(response: http.ServerResponse, { status, code }: Fault): void {
  const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  response.writeHead(status, { 'x-ms-error-code': code, 'content-type': 'application/xml' });
  response.end(body);
}
