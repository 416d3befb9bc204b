import type { Environment } from '../base/environment.js';
import type { Emit } from '../base/telemetry-event.js';
import type { SourceProvider } from '../lookup/source.js';
import { createCall, UpstreamClock, withTelemetry } from '../upstream/call.js';
import { ApiClient } from '../upstream/client.js';
import { defenderApi } from './api.js';
import type { DefenderCloud } from './clouds.js';
import { DefenderSource } from './defender-source.js';

/** What the settings say about Defender. */
export interface DefenderSettings {
  readonly cloud: Pick<DefenderCloud, 'apiHost' | 'audience'>;
  readonly quota: { readonly perMinute: number; readonly perHour: number };
}

/** Defender as a source, for the app itself and for each user. */
export interface DefenderProvider extends SourceProvider<DefenderSource> {
  /** How far Defender's clock is from this machine's. */
  readonly clock: UpstreamClock;
}

/** Prepares Defender as a source: everybody who asks shares its connections. */
export function createDefender(
  { cloud, quota }: DefenderSettings,
  { clock, random, emit, userAgent }: Environment & { readonly emit: Emit; readonly userAgent: string },
): DefenderProvider {
  const upstreamClock = new UpstreamClock();
  const api = defenderApi(cloud);
  const call = withTelemetry(createCall(clock, userAgent, upstreamClock, api), api.name, clock, emit);
  return {
    name: api.name,
    title: api.title,
    audience: api.audience,
    limits: quota,
    clock: upstreamClock,
    open: ({ report, ...asker }) => {
      const client = new ApiClient({ api, clock, random, call, ...asker });
      return new DefenderSource({ clock, client, report });
    },
  };
}
