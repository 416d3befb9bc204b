import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { shiftedCalendar } from '../../local/calendar.js';
import { type DefenderSimulatorOptions, startDefenderSimulator } from '../../local/defender/simulator.js';
import { startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { systemClock } from '../../shared/clock.js';
import { CONTAINER } from '../../shared/storage/open.js';
import { checkAnswer } from './conformance.js';
import { type Answer, exchange } from './exchange.js';
import type { Order, Reply } from './instance/orders.js';
import { startStorageProxy } from './storage-proxy.js';

const AUDIENCE = 'https://defender-fleet.test';
const MAIN = fileURLToPath(new URL('./instance/main.ts', import.meta.url));

/** One running instance. */
export interface Instance {
  get(alertId: string): Promise<Answer>;
  /** Anything but a text is posted as its JSON. */
  enrich(payload: unknown, query?: string): Promise<Answer>;
  /** Makes a GET of any path, such as the one of a job that the 202 gave. */
  ask(path: string): Promise<Answer>;
  /** Makes a POST of any path, without a body. */
  post(path: string): Promise<Answer>;
  /** Tells it to end, as the platform does; `written` resolves when it has. */
  terminate(): void;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
  /** Bytes of its heap that are in use, garbage collected. */
  heapBytes(): Promise<number>;
  /**
   * Lets it end as soon as nothing keeps it up.
   * @returns whether it has within `patienceMs`
   */
  retire(patienceMs: number): Promise<boolean>;
  /** All that it wrote to its console, once it has ended. */
  readonly written: Promise<string>;
}

/** How an instance differs from the others. */
export interface InstanceOptions {
  /** How far its calendar is off. */
  readonly calendarMs?: number;
}

export type Fleet = Awaited<ReturnType<typeof startFleet>>;

/** What instances share: an identity endpoint, a Defender that enforces its limits, and a storage account. */
export async function startFleet(options: {
  readonly defender?: Partial<DefenderSimulatorOptions>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly persistent?: boolean;
}) {
  const clock = systemClock;
  const identity = await startIdentityEndpoint({ clock });
  const defender = await startDefenderSimulator({
    clock,
    random: Math.random,
    audience: AUDIENCE,
    latencyMs: { min: 5, max: 250 },
    ...options.defender,
  });
  const azurite: Azurite = await startAzurite({ persistent: options.persistent ?? false });
  const storage = await startStorageProxy(azurite.connectionString);
  const env = {
    PATH: process.env.PATH,
    ...identity.settings,
    DEFENDER_API_HOST: defender.url,
    DEFENDER_AUDIENCE: AUDIENCE,
    AzureWebJobsStorage: storage.connectionString,
    ...options.settings,
  };
  const launched: Instance[] = [];

  async function launch({ calendarMs = 0 }: InstanceOptions = {}): Promise<Instance> {
    const instance = await startInstance(env, calendarMs);
    launched.push(instance);
    return instance;
  }

  return {
    identity,
    defender,
    azurite,
    /** On the way from all instances to the storage account. */
    storage,
    /** All that were started, the ended ones too. */
    launched,
    /** Starts instances, all at the same time. */
    launch: <T extends readonly InstanceOptions[]>(...instances: T) =>
      Promise.all(instances.map(launch)) as Promise<{ [each in keyof T]: Instance }>,
    /** When calls arrived at Defender so far. */
    arrivals: () => defender.arrivals.map(({ atMs }) => atMs),
    /** 429s that Defender had to give. */
    refused: () => defender.arrivals.filter(({ status }) => status === 429).length,
    async close() {
      await Promise.all(launched.map((instance) => instance.kill()));
      await Promise.all([defender.close(), identity.close(), storage.close(), azurite.close()]);
    },
  };
}

async function startInstance(env: NodeJS.ProcessEnv, calendarMs: number): Promise<Instance> {
  const shifted = calendarMs === 0 ? [] : ['--import', shiftedCalendar(calendarMs)];
  const child = fork(MAIN, {
    env,
    execArgv: ['--expose-gc', ...shifted, '--import', 'tsx'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const written = Promise.all(
    [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : '')),
  ).then((texts) => texts.join(''));
  const url = await Promise.race([
    reply(child, 'started').then(({ url }) => url),
    once(child, 'exit').then(async () => Promise.reject(new Error(`The instance ended: ${await written}`))),
  ]);
  const send = async (method: string, path: string, body?: string) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await exchange(`${url}${path}`, { method, headers }, body);
    checkAnswer(method, path, answer);
    return answer;
  };
  return {
    get: (alertId) => send('GET', `/api/alerts/${alertId}/ips`),
    enrich: (payload, query = '') => {
      const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
      return send('POST', `/api/enrichAlert${query}`, body);
    },
    ask: (path) => send('GET', path),
    post: (path) => send('POST', path),
    terminate: () => {
      child.kill('SIGTERM');
    },
    kill: () => kill(child),
    heapBytes: async () => {
      child.send('tell-heap' satisfies Order);
      return (await reply(child, 'heap')).bytes;
    },
    retire: async (patienceMs) => {
      const signal = AbortSignal.timeout(patienceMs);
      const ended = once(child, 'exit', { signal });
      child.send('retire' satisfies Order);
      return ended.then(
        () => true,
        () => false,
      );
    },
    written,
  };
}

async function reply<K extends Reply['kind']>(child: ChildProcess, kind: K) {
  for (;;) {
    const [told] = (await once(child, 'message')) as [Reply];
    if (told.kind === kind) return told as Reply & { readonly kind: K };
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Alert ids that Defender knows, no two fleets' the same. */
export function freshAlertIds(count: number): string[] {
  const first = Math.floor(Math.random() * 1e8);
  return Array.from({ length: count }, (_, n) => `da637472900382838869_${first + n}`);
}

/** What was asked of the account's blobs so far; the triggers ask its queues all the time. */
export const blobExchanges = (fleet: Fleet) =>
  fleet.storage.requests.filter((one) => one.includes(`/${CONTAINER}/`));

/** How many times blobs of a folder were written so far. */
export const writesTo = (fleet: Fleet, folder: string) =>
  fleet.storage.writes.filter((one) => one.includes(`/${folder}/`)).length;

/** Resolves when blobs of a folder were written more than `times` times. */
export async function writtenAfter(fleet: Fleet, folder: string, times: number): Promise<void> {
  while (writesTo(fleet, folder) <= times) await new Promise((resolve) => setTimeout(resolve, 5));
}
