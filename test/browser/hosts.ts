import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { functionsCore } from '../../local/host/core.js';
import { startHost } from '../../local/host/host.js';
import { answerCoreModule } from '../../local/host/load.js';
import { createApp } from '../../shared/app/app.js';

/** A local host that is up. */
export interface RunningHost {
  readonly url: string;
  close(): Promise<void>;
}

/** `npm start` of what is built, between its stand-ins, with one instance's state in memory. */
export async function startBuilt(functionKey: string): Promise<RunningHost> {
  // Another one follows on this port: it is below the range from which systems give ports away.
  const port = randomInt(20_000, 32_000);
  const child = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
    env: { PATH: process.env.PATH, PORT: String(port), FUNCTION_KEY: functionKey, STATE_STORAGE: 'memory' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const logged = text(child.stderr);
  const ready = (async () => {
    for await (const line of createInterface(child.stdout)) {
      const url = /^Ready: (\S+)/.exec(line)?.[1];
      if (url) return url;
    }
    throw new Error(`The local host ended before it was ready: ${await logged}`);
  })();
  return {
    url: await ready,
    async close() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** The app with wrong settings, on a port where another was. `npm start` would refuse to start it. */
export async function startMisconfigured(port: number): Promise<RunningHost> {
  answerCoreModule();
  const { app } = await import('@azure/functions');
  app.setup({ enableHttpStream: true });
  const { registerApp } = await import('../support/register-app.js');
  const registrations = await functionsCore.collect(() =>
    registerApp(createApp({ DEFENDER_CLOUD: 'cirrus' })),
  );
  const hostJson = JSON.parse(await readFile('host.json', 'utf8'));
  const host = await startHost({ registrations, port, functionKey: undefined, hostJson, log: () => {} });
  return { url: host.url, close: () => host.close(0) };
}
