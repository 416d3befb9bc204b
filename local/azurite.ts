import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shiftedCalendar } from './calendar.js';
import { closeServer, listen } from './loopback.js';

/** A storage account on this machine. */
export interface Azurite {
  /** What belongs into `AzureWebJobsStorage`. It holds a key, though one of no worth. */
  readonly connectionString: string;
  /** Ends the process as a crash would; what it had persisted stays. */
  kill(): Promise<void>;
  /** The same account at the same address once more, its clock as far ahead as before. */
  restart(): Promise<void>;
  /** Sets its clock, the one that all instances share, so far ahead of this machine's. */
  setAhead(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** How Azurite is started. */
export interface AzuriteOptions {
  /** Keeps its data in a temporary folder until it is closed, so that a restart finds it again. */
  readonly persistent?: boolean;
}

const ACCOUNT = 'devstate';
/** It is up in about a second; on a busy machine in several. */
const START_TIMEOUT_MS = 60_000;
/** Ends Azurite with the process that started it, however that one ended. */
const END_WITH_PARENT = 'data:text/javascript,process.on("disconnect",()=>process.exit())';

/**
 * Starts Azurite, Microsoft's stand-in for Azure Storage, on free ports of 127.0.0.1, with a random
 * account key.
 */
export async function startAzurite({ persistent = false }: AzuriteOptions = {}): Promise<Azurite> {
  const key = randomBytes(64).toString('base64');
  const ports = { blob: await freePort(), queue: await freePort() };
  const folder = persistent ? await mkdtemp(join(tmpdir(), 'azurite-')) : undefined;
  const endpoint = (port: number) => `http://127.0.0.1:${port}/${ACCOUNT}`;
  let aheadMs = 0;
  const run = () => launch({ key, ports, folder, aheadMs });
  let child = await run();
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.ref(); // its end is waited for
    child.kill('SIGKILL');
    await exited;
  };
  return {
    connectionString:
      `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};` +
      `BlobEndpoint=${endpoint(ports.blob)};QueueEndpoint=${endpoint(ports.queue)};`,
    kill,
    restart: async () => {
      await kill();
      child = await run();
    },
    setAhead: async (ms) => {
      aheadMs = ms;
      const set = once(child, 'message');
      child.send({ calendarMs: ms });
      await set;
    },
    close: async () => {
      await kill();
      if (folder) await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Launch {
  readonly key: string;
  readonly ports: { readonly blob: number; readonly queue: number };
  /** Where it keeps its data; absent: in memory. */
  readonly folder: string | undefined;
  /** How far its clock is ahead of this machine's. */
  readonly aheadMs: number;
}

async function launch({ key, ports, folder, aheadMs }: Launch): Promise<ChildProcess> {
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js');
  const where = folder ? ['--location', folder] : ['--inMemoryPersistence'];
  // Its table service, which nobody uses, takes a port of its own choice.
  const listening = [
    '--blobPort',
    String(ports.blob),
    '--queuePort',
    String(ports.queue),
    '--tablePort',
    '0',
  ];
  const args = [...listening, '--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  const child = fork(main, [...args, ...where], {
    cwd: folder ?? tmpdir(),
    execArgv: ['--import', END_WITH_PARENT, '--import', shiftedCalendar(aheadMs)],
    env: { PATH: process.env.PATH, AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // It keeps nobody up.
  child.unref();
  child.channel?.unref();
  const giveUpAtMs = performance.now() + START_TIMEOUT_MS;
  while (!(await answers(ports.blob)) || !(await answers(ports.queue))) {
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null) throw new Error(`Azurite ended at its start (${ended}).`);
    if (performance.now() > giveUpAtMs) throw new Error('Azurite did not start in time.');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return child;
}

/** Whether anything answers there; what it says does not matter. */
async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    async (response) => {
      await response.arrayBuffer();
      return true;
    },
    () => false,
  );
}

/**
 * Where free ports are looked for: Azurite does not say which one it took, so it has to be told. Below those
 * that systems give out by themselves (32768 and up), or another server could be given it while Azurite is
 * down between two starts.
 */
const PORTS = { first: 20_000, count: 12_000 };
/** Processes that start at the same time begin far from each other, so that no two try the same port. */
let nextPort = process.pid * 97;

/** A port that nobody has, nor had lately in this process: it is the same after a restart. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + (nextPort++ % PORTS.count);
    const server = createServer();
    const isFree = await listen(server, port).then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    await closeServer(server);
    return port;
  }
}
