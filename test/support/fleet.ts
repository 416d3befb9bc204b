import { type Azurite, startAzurite } from '../../local/azurite.js';
import { type DefenderSimulatorOptions, startDefenderSimulator } from '../../local/defender/simulator.js';
import { LEASE_MS } from '../../local/host/queue-pump.js';
import { startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { systemClock } from '../../shared/base/clock.js';
import type { Answer } from './exchange.js';
import { builtApp } from './instance/built.js';
import { type InstanceOptions, type InstanceProcess, startInstance } from './instance/start.js';
import { leaksIn } from './leaks.js';
import { type Moment, type OnExchange, type StorageProxy, startStorageProxy } from './storage-proxy.js';

const AUDIENCE = 'https://defender-fleet.test';
/** The host's lease on a message in work, and a bit; a claim on what it is about is over by then, too. */
const LEASE_OVER_MS = LEASE_MS + 5_000;

const RECEIVE = /^GET .*\/messages$/;

/** One running instance. */
export interface Instance extends InstanceProcess {
  /** On its way to the storage account: all that this one asks there, and nobody else. */
  readonly storage: StorageProxy;
  /** Makes it take no more messages: what it posts is left to the others. */
  stopReceiving(): void;
  /** Kills it at the nth such exchange with the storage from now on, which never goes on. */
  killAt(moment: Moment, request: RegExp, nth?: number): Promise<void>;
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
  const env = {
    ...identity.settings,
    DEFENDER_API_HOST: defender.url,
    DEFENDER_AUDIENCE: AUDIENCE,
    ...options.settings,
  };
  const launched: Instance[] = [];
  const leaks: string[] = [];
  let aheadMs = 0;

  function lookForLeaks(text: string): void {
    leaks.push(...leaksIn(text, [identity.header, 'AccountKey=']));
  }

  async function launch(instance: InstanceOptions): Promise<Instance> {
    const storage = await startStorageProxy(azurite.connectionString);
    storage.onExchange = (...exchange) => fleet.onExchange(...exchange);
    const look = ({ status, headers, text }: Answer) =>
      lookForLeaks(JSON.stringify(headers) + (status === 200 ? '' : text));
    const folder = instance.folder ?? (await builtApp());
    const running = startInstance(
      { ...env, AzureWebJobsStorage: storage.connectionString },
      { ...instance, ...(folder === undefined ? {} : { folder }) },
      look,
    );
    const launching = {
      ...running,
      storage,
      stopReceiving: () => {
        const before = storage.onExchange;
        storage.onExchange = (stage, request, status) =>
          RECEIVE.test(request) ? 'hold' : before(stage, request, status);
      },
      killAt: (moment: Moment, request: RegExp, nth?: number) =>
        storage.hold(moment, request, nth).then(running.kill),
    };
    launched.push(launching);
    await running.started;
    return launching;
  }

  const fleet = {
    identity,
    defender,
    azurite,
    /** What happens to an exchange of any instance with the storage account. */
    onExchange: (() => 'pass') as OnExchange,
    /** All that were launched, the ended ones too. */
    launched: launched as readonly Instance[],
    /** Starts instances, all at the same time. */
    launch: <T extends readonly InstanceOptions[]>(...instances: T) =>
      Promise.all(instances.map(launch)) as Promise<{ [each in keyof T]: Instance }>,
    /** When calls arrived at Defender so far. */
    arrivals: () => defender.arrivals.map(({ atMs }) => atMs),
    /** 429s that Defender had to give. */
    refused: () => defender.arrivals.filter(({ status }) => status === 429).length,
    /** Lets the leases on all messages in work end: what a killed instance had in work goes to another. */
    passLease: () => {
      aheadMs += LEASE_OVER_MS;
      return azurite.setAhead(aheadMs);
    },
    /** @throws when an answer or a log line held what nobody may read */
    async close() {
      await Promise.all(launched.map(({ kill }) => kill()));
      await Promise.all(launched.map(({ storage }) => storage.close()));
      await Promise.all([defender.close(), identity.close(), azurite.close()]);
      for (const { written } of launched) lookForLeaks(await written);
      if (leaks.length > 0) throw new Error(`Leaked: ${[...new Set(leaks)].join(', ')}`);
    },
  };
  return fleet;
}

/** What becomes of a request whose instance is killed: its error's code. */
export function lost(request: Promise<Answer>): Promise<string | undefined> {
  return request.then(
    ({ status }) => `answered ${status}`,
    ({ code }: NodeJS.ErrnoException) => code,
  );
}
