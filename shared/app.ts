import { type Clock, systemClock } from './clock.js';
import { type Environment, parseSettings, type SettingProblem, type Settings } from './config.js';
import { createCall } from './defender/call.js';
import { DefenderClient } from './defender/client.js';
import { DefenderSource } from './defender/defender-source.js';
import { createCredential } from './identity/credential.js';
import { TokenCache } from './identity/token-cache.js';
import { AnswerCache } from './lookup/answer-cache.js';
import { keepAlertIps, keepIpStats } from './lookup/keeping.js';
import { Lookup } from './lookup/lookup.js';
import { MemoryLedger } from './quota/memory-ledger.js';
import { Quota } from './quota/quota.js';
import type { IpStats, SourceAnswer } from './source.js';
import { VERSION } from './version.js';

/** What comes from outside; in production the machine's own. */
export interface World {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** The app, wired. */
export interface App extends World {
  readonly settings: Settings;
  readonly quota: Quota;
  /** An alert's IPs, by its id. */
  readonly lookup: Lookup<SourceAnswer>;
  /** How common an address is, by the address. */
  readonly statsLookup: Lookup<IpStats>;
}

/** The app, or what keeps it from being one. Wrong settings are answered by the doors, not thrown. */
export type Startup =
  | { readonly ok: true; readonly app: App }
  | { readonly ok: false; readonly world: World; readonly problems: readonly SettingProblem[] };

/** The composition root: settings in, everything wired once, nothing asked of anyone yet. */
export function createApp(
  env: Environment,
  world: World = { clock: systemClock, random: Math.random },
): Startup {
  const parsed = parseSettings(env);
  if (!parsed.ok) return { ok: false, world, problems: parsed.problems };
  const { settings } = parsed;
  const { clock, random } = world;
  const { perMinute, perHour, reservePercent } = settings.quota;
  const quota = new Quota(clock, new MemoryLedger(clock, perMinute, perHour, reservePercent));
  const client = new DefenderClient({
    apiHost: settings.cloud.apiHost,
    audience: settings.cloud.audience,
    clock,
    random,
    credential: createCredential(settings.identity),
    tokens: new TokenCache(clock),
    quota,
    call: createCall(clock, `defender-alert-ip-enrichment/${VERSION}`),
  });
  const source = new DefenderSource(client);
  const lookup = new Lookup(new AnswerCache(clock, keepAlertIps(settings.cache)), (id, work) =>
    source.find(id, work),
  );
  const statsLookup = new Lookup(new AnswerCache(clock, keepIpStats), (ip, work) => source.stats(ip, work));
  return { ok: true, app: { clock, random, settings, quota, lookup, statsLookup } };
}
