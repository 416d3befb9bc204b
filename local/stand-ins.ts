import type { Clock } from '../shared/base/clock.js';
import { CLOUDS, type CloudName } from '../shared/defender/clouds.js';
import { DEFAULT_CONNECTION } from '../shared/storage/connection.js';
import { startAzurite } from './azurite.js';
import { startDefenderSimulator } from './defender/simulator.js';
import { startGraphSimulator } from './graph/simulator.js';
import { startIdentityEndpoint } from './identity/endpoint.js';
import type { Settings } from './settings.js';

/** The stand-ins that are up. */
export interface StandIns {
  /** To be added to `process.env`. */
  settings: Record<string, string>;
  /** What was started, in words. */
  started: readonly string[];
  close(): Promise<void>;
}

/** Invented: long enough that single flight and caching can be seen. */
const latencyMs = { min: 80, max: 400 };

/**
 * Starts what is missing on this machine: the identity endpoint unless `IDENTITY_ENDPOINT` or
 * `LOCAL_CREDENTIALS` is set, the Defender simulator unless `DEFENDER_API_HOST` is, that of Graph where
 * `IP_SOURCES` names it unless `GRAPH_API_HOST` is set, Azurite unless
 * `STATE_STORAGE` or the connection `AzureWebJobsStorage` is.
 */
export async function startStandIns(settings: Settings, clock: Clock): Promise<StandIns> {
  const closers: (() => Promise<void>)[] = [];
  const added: Record<string, string> = {};
  const started: string[] = [];

  if (!settings.IDENTITY_ENDPOINT && !settings.LOCAL_CREDENTIALS) {
    const identity = await startIdentityEndpoint({ clock });
    closers.push(identity.close);
    started.push('managed identity');
    Object.assign(added, identity.settings);
  }
  // Of a cloud that does not exist the app's own check tells.
  const cloud = CLOUDS[(settings.DEFENDER_CLOUD || 'commercial') as CloudName] ?? CLOUDS.commercial;
  if (!settings.DEFENDER_API_HOST) {
    const simulator = await startDefenderSimulator({
      clock,
      random: Math.random,
      latencyMs,
      audience: settings.DEFENDER_AUDIENCE || cloud.audience,
    });
    closers.push(simulator.close);
    started.push('Defender simulator');
    added.DEFENDER_API_HOST = simulator.url;
  }
  if (settings.IP_SOURCES?.includes('graph') && !settings.GRAPH_API_HOST) {
    const simulator = await startGraphSimulator({
      clock,
      random: Math.random,
      latencyMs,
      audience: cloud.graphHost,
    });
    closers.push(simulator.close);
    started.push('Graph simulator');
    added.GRAPH_API_HOST = simulator.url;
  }
  if (!settings.STATE_STORAGE && !hasDefaultConnection(settings)) {
    const azurite = await startAzurite();
    closers.push(azurite.close);
    started.push('Azurite');
    added[DEFAULT_CONNECTION] = azurite.connectionString;
  }

  return {
    settings: added,
    started,
    close: async () => {
      await Promise.all(closers.map((close) => close()));
    },
  };
}

function hasDefaultConnection(settings: Settings): boolean {
  return Object.entries(settings).some(
    ([name, value]) => value && (name === DEFAULT_CONNECTION || name.startsWith(`${DEFAULT_CONNECTION}__`)),
  );
}
