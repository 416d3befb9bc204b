import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { startWorld, type World, type WorldOptions } from './world.js';

/** Worlds that keep their state in one storage account. */
export interface StoredWorlds {
  readonly azurite: Azurite;
  /** What makes an app keep its state there. */
  readonly settings: Readonly<Record<string, string | undefined>>;
  /** Starts a world there; it is closed at the test's end. */
  start(options?: WorldOptions): Promise<World>;
}

/** The queue that a function of a world listens to. */
export function queueOf({ registrations }: World, functionName: string): string {
  const bindings = Object.values(registrations.functions.get(functionName)?.metadata.bindings ?? {});
  const name = bindings.find(({ type }) => type === 'queueTrigger')?.queueName;
  if (typeof name !== 'string') throw new Error(`${functionName} listens to no queue.`);
  return name;
}

/** Gives a file of tests one storage account, and each test worlds that share it. */
export function storedWorlds(): StoredWorlds {
  let azurite: Azurite;
  const worlds: World[] = [];
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
  });
  afterAll(() => azurite.close());
  const settings = () => ({ STATE_STORAGE: undefined, AzureWebJobsStorage: azurite.connectionString });
  return {
    get azurite() {
      return azurite;
    },
    get settings() {
      return settings();
    },
    async start(options = {}) {
      const world = await startWorld({ ...options, settings: { ...settings(), ...options.settings } });
      worlds.push(world);
      return world;
    },
  };
}
