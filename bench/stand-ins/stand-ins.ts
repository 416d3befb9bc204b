import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

type Settings = Record<string, string>;

/** What stands in for Azure, at no latency, and the settings that lead there. */
export interface Started {
  readonly memory: Settings;
  readonly blob: Settings;
  /** The same, through a proxy that counts. */
  readonly counted: Settings;
  /** To be added to one of them. */
  readonly telemetry: Settings;
  readonly defenderUrl: string;
  readonly audience: string;
}

/** Requests so far: calls to Defender, and round trips to the counted storage account. */
export interface Counts {
  readonly defender: number;
  readonly storage: number;
}

export interface StandIns extends Started {
  counts(): Promise<Counts>;
  end(): Promise<void>;
}

/** Starts them, in a process of their own. */
export async function startStandIns(): Promise<StandIns> {
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [started] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('The stand-ins did not start.'))),
  ])) as [Started];
  return {
    ...started,
    counts: async () => {
      const told = once(child, 'message');
      child.send('counts');
      return (await told)[0] as Counts;
    },
    end: async () => {
      const exited = once(child, 'exit');
      child.disconnect(); // it ends itself then, and Azurite with it
      await exited;
    },
  };
}
