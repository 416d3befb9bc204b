import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FunctionMetadata, InvocationRequest, LogEntry, LogLevel, LogSink } from './core-api.js';
import type { StartWorker, Worker } from './in-process-worker.js';

/** What the host says to a worker's process. */
export type ToWorker =
  | { readonly kind: 'invoke'; readonly functionName: string; readonly request: InvocationRequest }
  | { readonly kind: 'terminate' };

/** What it hears from there. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly functions: FunctionMetadata[]; readonly port: number }
  | { readonly kind: 'received'; readonly id: string }
  | { readonly kind: 'result'; readonly id: string; readonly error?: string }
  | { readonly kind: 'log'; readonly entry: LogEntry };

const MAIN = fileURLToPath(new URL('./child-main.ts', import.meta.url));

/** How a worker's process is started. */
export interface ChildWorkerOptions {
  /** Where the app's package.json is. */
  readonly folder: string;
  readonly log: LogSink;
  readonly env?: NodeJS.ProcessEnv;
  /** Flags of Node; this process's own unless given, among them what makes it run TypeScript. */
  readonly execArgv?: readonly string[];
  /** Told of each process that is started. */
  readonly onStart?: (child: ChildProcess) => void;
}

/**
 * A worker that is a process of its own, as the real host's is: it can crash and be killed while the host
 * lives.
 */
export function childWorker({
  folder,
  log,
  env = process.env,
  execArgv,
  onStart,
}: ChildWorkerOptions): StartWorker {
  return async () => {
    const child = fork(MAIN, [folder], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      ...(execArgv && { execArgv: [...execArgv] }),
    });
    onStart?.(child);
    for (const stream of [child.stdout, child.stderr]) if (stream) logLines(stream, log);
    const exited = once(child, 'exit').then(([code]) => code as number | null);
    const { functions, port, onMessage } = await ready(child, exited, log);
    return worker(child, { functions, port, onMessage, exited });
  };
}

interface Started {
  readonly functions: readonly FunctionMetadata[];
  readonly port: number;
  onMessage(listener: (message: FromWorker) => void): void;
  readonly exited: Promise<number | null>;
}

function worker(child: ChildProcess, { functions, port, onMessage, exited }: Started): Worker {
  const agent = new http.Agent({ keepAlive: true });
  const waiting = new Map<string, { received(): void; done(error?: string): void }>();
  onMessage((message) => {
    if (message.kind === 'received') waiting.get(message.id)?.received();
    if (message.kind !== 'result') return;
    waiting.get(message.id)?.done(message.error);
    waiting.delete(message.id);
  });
  const tell = (message: ToWorker) => {
    if (child.connected) child.send(message, () => {});
  };
  return {
    functions,
    port,
    agent,
    invoke: (functionName, request) => {
      let received = () => {};
      const whenReceived = new Promise<void>((resolve) => {
        received = resolve;
      });
      const result = new Promise<void>((resolve, reject) => {
        const done = (error?: string) => (error === undefined ? resolve() : reject(new Error(error)));
        waiting.set(request.invocationId, { received, done });
      });
      tell({ kind: 'invoke', functionName, request });
      return { received: whenReceived, result };
    },
    terminate: async () => {
      tell({ kind: 'terminate' });
      await exited;
    },
    kill: async () => {
      agent.destroy();
      child.kill('SIGKILL');
      await exited;
    },
    ended: exited.then((code) => (code === 0 ? 'exited' : 'crashed')),
  };
}

/** Waits until the app is loaded. */
async function ready(child: ChildProcess, exited: Promise<number | null>, log: LogSink) {
  const listeners: ((message: FromWorker) => void)[] = [];
  const onMessage = (listener: (message: FromWorker) => void) => void listeners.push(listener);
  child.on('message', (message: FromWorker) => {
    if (message.kind === 'log') log(message.entry);
    else for (const listener of listeners) listener(message);
  });
  const started = new Promise<FromWorker & { kind: 'ready' }>((resolve) => {
    onMessage((message) => message.kind === 'ready' && resolve(message));
  });
  const failed = exited.then((code) =>
    Promise.reject(new Error(`The worker ended at its start (exit code ${code}).`)),
  );
  failed.catch(() => {});
  const { functions, port } = await Promise.race([started, failed]);
  return { functions, port, onMessage };
}

/**
 * What a worker writes to its console becomes the app's log; its level goes by its words (`WorkerProcess` of
 * the host).
 */
function logLines(stream: NodeJS.ReadableStream, log: LogSink): void {
  createInterface({ input: stream }).on('line', (message) =>
    log({ level: levelOf(message), category: 'user', message }),
  );
}

function levelOf(line: string): LogLevel {
  if (/warn/i.test(line)) return 'warning';
  return /error|fail|severe/i.test(line) ? 'error' : 'information';
}
