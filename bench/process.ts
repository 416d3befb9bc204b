import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { BUILT } from './builds.js';
import type { Command, Reply } from './messages.js';

/** An app to be measured: where it is built, and what it is set to. */
export interface AppUnderMeasurement {
  readonly directory: string;
  readonly settings: Record<string, string>;
  /** Whether its queue triggers listen. */
  readonly listens?: boolean;
}

/** Apps that are up, each in a process of its own. */
export interface RunningApps<K extends string> {
  readonly workers: Readonly<Record<K, Worker>>;
  readonly urls: Readonly<Record<K, string>>;
  end(): Promise<void>;
}

/** Starts apps that are measured for a while. */
export async function startApps<K extends string>(
  apps: Readonly<Record<K, AppUnderMeasurement>>,
): Promise<RunningApps<K>> {
  const names = Object.keys(apps) as K[];
  const workers = {} as Record<K, Worker>;
  const urls = {} as Record<K, string>;
  for (const name of names) {
    workers[name] = new Worker(BUILT.worker);
    await workers[name].ready();
    urls[name] = await workers[name].assign(apps[name]);
  }
  return {
    workers,
    urls,
    end: async () => {
      await Promise.all(Object.values<Worker>(workers).map((worker) => worker.end()));
    },
  };
}

/** A process under measurement. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #ready: Promise<Reply>;

  /**
   * @param main the bundled bench/worker.ts
   * @param execPath the Node that runs it
   */
  constructor(main: string, execPath = process.execPath) {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const env = { PATH, ...(NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}) };
    this.#child = fork(main, { execPath, env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#ready = this.#reply();
  }

  /** Resolves when the process is up, with no app yet. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  /** Gives it its app; answers the app's address. */
  async assign({ directory, settings, listens = false }: AppUnderMeasurement): Promise<string> {
    const reply = await this.ask({ kind: 'assign', directory, settings, listens });
    return reply.kind === 'assigned' ? reply.url : '';
  }

  async residentMb(): Promise<number> {
    const reply = await this.ask({ kind: 'memory' });
    return reply.kind === 'memory' ? reply.residentBytes / 1e6 : Number.NaN;
  }

  /** How long `run` made the process's event loop stand still at most, in ms. */
  async longestStall(run: () => Promise<unknown>): Promise<number> {
    await this.ask({ kind: 'watch' });
    await run();
    const reply = await this.ask({ kind: 'stall' });
    return reply.kind === 'stall' ? reply.ms : Number.NaN;
  }

  /** How long that process takes to parse and write the JSON of a file, in ms. */
  async parseAndStringify(file: string): Promise<number> {
    const reply = await this.ask({ kind: 'json', file });
    return reply.kind === 'json' ? reply.ms : Number.NaN;
  }

  async ask(command: Command): Promise<Reply> {
    const reply = this.#reply();
    this.#child.send(command);
    return reply;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** @throws when the process ends or says that it failed */
  async #reply(): Promise<Reply> {
    const over = new AbortController();
    const { signal } = over;
    try {
      const [reply] = (await Promise.race([
        once(this.#child, 'message', { signal }),
        once(this.#child, 'exit', { signal }).then(() => [{ kind: 'failed', message: 'it ended' }]),
      ])) as [Reply];
      if (reply.kind === 'failed') throw new Error(`A process under measurement: ${reply.message}`);
      return reply;
    } finally {
      over.abort();
    }
  }
}
