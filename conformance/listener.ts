/** A queue listener, the real one or the local host's: what the scenarios of queues are played with. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { closeServer, listen } from '../local/loopback.js';
import type { Account } from './storage.js';

/** What host.json says under `extensions.queues`. */
export interface ListenerSettings {
  readonly batchSize: number;
  readonly newBatchThreshold: number;
  readonly maxDequeueCount: number;
  readonly maxPollingMs: number;
  readonly visibilityMs: number;
}

export const DEFAULTS: ListenerSettings = {
  batchSize: 16,
  newBatchThreshold: 8,
  maxDequeueCount: 5,
  maxPollingMs: 500,
  visibilityMs: 0,
};

/** A message as the function gets it. */
export interface Received {
  readonly text: string;
  readonly dequeueCount: number;
  /** Until it would be seen again, in milliseconds. */
  readonly leaseMs: number;
}

/** Works on a message; rejects to report a failure. */
export type Handler = (message: Received) => Promise<void>;

/** A listener that is up. */
export interface Listener {
  /** Resolves when it has ended, by itself or stopped. */
  readonly ended: Promise<void>;
  /** Asks it to stop; resolves when it has. */
  stop(): Promise<void>;
}

/** Starts a listener on an account's queue. */
export type StartListener = (
  account: Account,
  settings: ListenerSettings,
  handler: Handler,
) => Promise<Listener>;

/** The real one, as a process; see listener/Program.cs. */
export function realListener(program: string): StartListener {
  return async (account, settings, handler) => {
    const server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const of = (name: string) => Number(request.headers[name]);
        const text = Buffer.concat(chunks).toString('utf8');
        handler({ text, dequeueCount: of('x-dequeue-count'), leaseMs: of('x-lease-ms') }).then(
          () => response.end(),
          () => response.writeHead(500).end(),
        );
      });
    });
    server.keepAliveTimeout = 0;
    const callback = await listen(server, 0);
    const child = spawn('dotnet', [program], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        ...process.env,
        AzureWebJobsStorage: account.connectionString,
        QUEUE: account.queueName,
        CALLBACK: callback,
        BATCH_SIZE: String(settings.batchSize),
        NEW_BATCH_THRESHOLD: String(settings.newBatchThreshold),
        MAX_DEQUEUE_COUNT: String(settings.maxDequeueCount),
        MAX_POLLING_MS: String(settings.maxPollingMs),
        VISIBILITY_MS: String(settings.visibilityMs),
      },
    });
    const exited = once(child, 'exit').then(() => closeServer(server));
    await ready(child);
    return {
      ended: exited,
      stop: async () => {
        child.kill('SIGINT');
        await exited;
      },
    };
  };
}

/** Resolves when the process says so, or ends. */
async function ready(child: ChildProcess): Promise<void> {
  if (!child.stdout) throw new Error('The listener has no output.');
  const lines = createInterface(child.stdout);
  const up = new Promise<void>((resolve) => lines.on('line', (line) => line === 'READY' && resolve()));
  await Promise.race([up, once(child, 'exit')]);
}
