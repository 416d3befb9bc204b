import { systemClock } from './clock.js';
import { parseSettings, type Settings } from './config.js';
import { createJobs } from './create-jobs.js';
import { createCall } from './defender/call.js';
import { DefenderClient } from './defender/client.js';
import { DefenderSource } from './defender/defender-source.js';
import { notedCall } from './defender/noted-call.js';
import { UpstreamClock } from './defender/upstream-clock.js';
import { createDelegation, type Delegation } from './delegation.js';
import { sendLazily } from './delivery/send-lazily.js';
import type { Send } from './delivery/sending.js';
import { createCredential } from './identity/credential.js';
import { type AccessToken, TokenCache } from './identity/token-cache.js';
import type { Jobs } from './jobs/jobs.js';
import { AnswerCache } from './lookup/answer-cache.js';
import { keepAlertIps, keepIpStats } from './lookup/keeping.js';
import { Lookup } from './lookup/lookup.js';
import type { CacheLevel, Note } from './occurrence.js';
import { Quota } from './quota/quota.js';
import type { Report, Reporter } from './report.js';
import type { SettingProblem } from './setting-problem.js';
import type { Environment } from './setting-reader.js';
import type { IpStats, SourceAnswer } from './source.js';
import { openState, type SharedState } from './state.js';
import { createTelemetry, type Telemetry } from './telemetry/telemetry.js';
import { VERSION } from './version.js';
import type { World } from './world.js';

const USER_AGENT = `defender-alert-ip-enrichment/${VERSION}`;

/** The app, wired. */
export interface App extends World {
  readonly settings: Settings;
  readonly telemetry: Telemetry;
  readonly quota: Quota;
  /** An alert's IPs, by its id. */
  readonly lookup: Lookup<SourceAnswer>;
  /** How common an address is, by the address. */
  readonly statsLookup: Lookup<IpStats>;
  readonly defender: DefenderClient;
  /** What Defender's answers tell of its clock. */
  readonly upstreamClock: UpstreamClock;
  /** The app's own token for a scope, from the cache where it holds one. */
  readonly ownToken: (scope: string, signal: AbortSignal) => Promise<AccessToken>;
  /** Tries once to send something to a destination. */
  readonly send: Send;
  /** Asking on behalf of users, where that is set up. */
  readonly delegation: Delegation | undefined;
  /** What instances share; absent when there is only this one. */
  readonly shared: SharedState | undefined;
  /** Enrichments that outlive their requests; absent where nothing is stored. */
  readonly jobs: Jobs | undefined;
}

/** The app, or what keeps it from being one. Wrong settings are answered by the doors, not thrown. */
export type Startup =
  | { readonly ok: true; readonly app: App }
  | { readonly ok: false; readonly world: World; readonly problems: readonly SettingProblem[] };

/** The composition root: settings in, everything wired once, nothing asked of anyone yet. */
export function createApp(
  env: Environment,
  outside: World = { clock: systemClock, random: Math.random, report: toConsole },
): Startup {
  const parsed = parseSettings(env);
  if (!parsed.ok) return { ok: false, world: outside, problems: parsed.problems };
  const { settings } = parsed;
  const telemetry = createTelemetry(settings.telemetry, outside);
  const { note } = telemetry;
  const world = { ...outside, report: alsoNoted(outside.report, note) };
  const { clock, random } = world;
  const credential = createCredential(settings.identity);
  const tokens = new TokenCache(clock, note);
  const ownToken: App['ownToken'] = (scope, signal) => tokens.get(credential, scope, signal);
  const upstreamClock = new UpstreamClock();
  const { openLedger, sharedAnswers, shared } = openState(settings, world, tokens);
  const quota = new Quota(clock, openLedger(settings.state.owner), note);
  const upstream = {
    apiHost: settings.cloud.apiHost,
    audience: settings.cloud.audience,
    clock,
    random,
    call: notedCall(createCall(clock, USER_AGENT, upstreamClock), clock, note),
  };
  const defender = new DefenderClient({ ...upstream, credential, tokens, quota });
  const source = new DefenderSource(defender);
  const answers = new AnswerCache(clock, keepAlertIps(settings.cache));
  const ofAlerts = (level: CacheLevel) => note({ kind: 'lookup', of: 'alert', level });
  const lookup = new Lookup(answers, (id, work) => source.find(id, work), sharedAnswers, ofAlerts);
  const statsLookup = new Lookup(
    new AnswerCache(clock, keepIpStats),
    (ip, work) => source.stats(ip, work),
    undefined,
    (level) => note({ kind: 'lookup', of: 'address', level }),
  );
  const delegation = createDelegation(settings, { ...upstream, note }, ownToken, openLedger);
  const jobs =
    shared &&
    createJobs(shared, {
      ...world,
      settings,
      quota,
      statsLookup,
      // The same cache, and flights of its own: who waits for an answer must not wait behind a job.
      lookup: new Lookup(answers, (id, work) => source.find(id, work, 'background'), sharedAnswers, ofAlerts),
      note,
    });
  const send = sendLazily({ clock, userAgent: USER_AGENT, ownToken });
  const doctored = { defender, upstreamClock, ownToken };
  return {
    ok: true,
    app: {
      ...world,
      settings,
      telemetry,
      quota,
      lookup,
      statsLookup,
      shared,
      jobs,
      delegation,
      send,
      ...doctored,
    },
  };
}

/** What is reported becomes an event as well: of log lines the host keeps only a part under load. */
function alsoNoted(report: Reporter, note: Note): Reporter {
  return (told) => {
    report(told);
    note({ kind: 'reported', report: told });
  };
}

/** The platform takes what a worker writes there into the function app's log. */
function toConsole({ event, detail }: Report): void {
  // biome-ignore lint/suspicious/noConsole: there is no invocation whose log it could go to
  console.error(JSON.stringify({ event, detail }));
}
