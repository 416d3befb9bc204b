import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeServer, listen } from './loopback.js';

/** A storage account on this machine. */
export interface Azurite {
  /** What belongs into `AzureWebJobsStorage`. It holds a key, though one of no worth. */
  readonly connectionString: string;
  /** Ends the process as a crash would; what it had persisted stays. */
  kill(): Promise<void>;
  /** The same account at the same address once more. */
  restart(): Promise<void>;
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
 * Starts the blob service of Azurite, Microsoft's stand-in for Azure Storage, on a free port of
 * 127.0.0.1, with a random account key.
 */
export async function startAzurite({ persistent = false }: AzuriteOptions = {}): Promise<Azurite> {
  const key = randomBytes(64).toString('base64');
  const port = await freePort();
  const folder = persistent ? await mkdtemp(join(tmpdir(), 'azurite-')) : undefined;
  const url = `http://127.0.0.1:${port}`;
  const run = () => launch(key, port, folder);
  let child = await run();
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.ref(); // its end is waited for
    child.kill('SIGKILL');
    await exited;
  };
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};BlobEndpoint=${url}/${ACCOUNT};`,
    kill,
    restart: async () => {
      await kill();
      child = await run();
    },
    close: async () => {
      await kill();
      if (folder) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** @param folder where it keeps its data; absent: in memory */
async function launch(key: string, port: number, folder: string | undefined): Promise<ChildProcess> {
  const main = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const where = folder ? ['--location', folder] : ['--inMemoryPersistence'];
  const args = ['--blobPort', String(port), '--silent', '--disableTelemetry', '--skipApiVersionCheck'];
  const child = fork(main, [...args, ...where], {
    cwd: folder ?? tmpdir(),
    execArgv: ['--import', END_WITH_PARENT],
    env: { PATH: process.env.PATH, AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  // It keeps nobody up.
  child.unref();
  child.channel?.unref();
  const giveUpAtMs = performance.now() + START_TIMEOUT_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`Azurite ended with exit code ${child.exitCode}.`);
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

/** A port that was free a moment ago: Azurite does not say which one it took. */
async function freePort(): Promise<number> {
  const server = createServer();
  const url = await listen(server, 0);
  await closeServer(server);
  return Number(new URL(url).port);
}
