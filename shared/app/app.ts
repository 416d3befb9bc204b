import { type Clock, systemClock } from '../base/clock.js';
import type { Environment, OperatorAlert, Reporter } from '../base/environment.js';
import type { EnvironmentVariables, SettingProblem } from '../base/setting-reader.js';
import type { Emit } from '../base/telemetry-event.js';
import { currentTrace } from '../base/trace.js';
import { APP_NAME, VERSION } from '../base/version.js';
import type { DefenderSource } from '../defender/defender-source.js';
import type { Deliveries } from '../delivery/deliveries.js';
import type { Forwarding } from '../delivery/forwarding.js';
import { createSend, type Send } from '../delivery/send.js';
import type { QuotasByName } from '../enrichment/enrich.js';
import type { GraphSource } from '../graph/provider.js';
import { createCredential } from '../identity/credential.js';
import { type AccessToken, scopeOf, TokenCache } from '../identity/token-cache.js';
import type { Jobs } from '../jobs/jobs.js';
import { createStatsLookup } from '../lookup/create-lookups.js';
import type { Lookup } from '../lookup/lookup.js';
import type { IpStats, SourceWarning } from '../lookup/source.js';
import type { AlertLookup } from '../lookup/sources-lookup.js';
import type { Quota } from '../quota/quota.js';
import type { TelemetryToken } from '../telemetry/connection.js';
import { createTelemetry, type Telemetry, telemetryOff } from '../telemetry/telemetry.js';
import type { UpstreamClock } from '../upstream/call.js';
import { createDelegation, type Delegation } from './delegation.js';
import { createForwarding } from './forwarding.js';
import { createJobs } from './jobs.js';
import { type ParsedSettings, parseSettings, type Settings } from './settings.js';
import {
  canAskOf,
  createSources,
  type OpenSources,
  openQuotas,
  openSources,
  quotasOf,
  sharedAnswersOf,
} from './sources.js';
import { openState, type SharedState } from './state.js';

/**
 * What jobs may take of the 5 s in which a process has to end (WorkerConstants.cs of the host); telemetry
 * takes 2.
 */
const JOBS_STOP_MS = 2_800;
const USER_AGENT = `${APP_NAME}/${VERSION}`;

/** The app, wired. */
export interface App extends Environment {
  readonly settings: Settings;
  /** Origin of the portal that shows alerts. */
  readonly portal: string;
  readonly telemetry: Telemetry;
  /** A token to send telemetry with, where the settings want one. */
  readonly telemetryToken: TelemetryToken | undefined;
  /** Of the source that is asked first. */
  readonly quota: Quota;
  /** By the source's name; absent with Defender alone. */
  readonly quotas?: QuotasByName;
  /**
   * Whether a source that is configured can be asked about an alert of this id; it is then safe in a path.
   */
  readonly canAsk: (alertId: string) => boolean;
  /** An alert's IPs, by its id. */
  readonly lookup: AlertLookup;
  /** How common an address is, by the address. */
  readonly statsLookup: Lookup<IpStats>;
  /** What the sources have noticed that callers should know. */
  readonly warnings: () => readonly SourceWarning[];
  readonly defender: DefenderSource;
  /** Absent unless `IP_SOURCES` names it. */
  readonly graph: GraphSource | undefined;
  /** Every source by itself, and what they were asked about last: for the doctor. */
  readonly sources: Pick<OpenSources, 'each' | 'recent'>;
  /** How far Defender's clock is from this machine's, by its answers. */
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
  /** Forwards enriched alerts, with a queue or without. */
  readonly forwarding: Forwarding;
  /** Deliveries that wait for their turn; absent where nothing is stored. */
  readonly deliveries: Deliveries | undefined;
  /**
    await underWay;
   * Prepares for the end of this process: no more permits are handed out, and what was found is shared with
   * the other instances and sent as telemetry. A process can end without it, and nothing is lost then.
   */
  stop(underWay?: Promise<void>): Promise<void>;
}

/**
 * The app, or what is wrong with its settings, and in either case what comes from outside. Wrong settings are
 * answered by the endpoints, not thrown.
 */
export type Startup = { readonly environment: Environment } & (
  | { readonly ok: true; readonly app: App }
  | { readonly ok: false; readonly problems: readonly SettingProblem[] }
);

/**
 * The composition root: settings in, everything wired once, nothing asked of anyone yet.
 *
 * @param parsed what the environment's settings came to, where they have been read already
 */
export function createApp(
  env: EnvironmentVariables,
  outside: Environment = { clock: systemClock, random: Math.random, report: toConsole },
  parsed: ParsedSettings = parseSettings(env),
): Startup {
  if (!parsed.ok) return { ok: false, environment: outside, problems: parsed.problems };
  const { settings } = parsed;
  for (const problem of settings.telemetryProblems) outside.report(telemetryOff(problem));
  const telemetryToken = createTelemetryToken(settings, outside.clock);
  const telemetry = createTelemetry(settings.telemetry, outside, telemetryToken);
  const { emit } = telemetry;
  const environment = { ...outside, report: alsoNoted(outside.report, emit) };
  const { clock } = environment;
  const credential = createCredential(settings.identity);
  const tokens = new TokenCache(clock, emit);
  const ownToken: App['ownToken'] = (scope, signal) => tokens.get(credential, scope, signal);
  const state = openState(settings, environment, tokens);
  const { shared } = state;
  const providers = createSources(settings, { ...environment, emit, userAgent: USER_AGENT });
  const { principal } = settings.state;
  const quotas = openQuotas(settings, providers, principal, state, { clock, emit });
  const quota = quotas.first;
  const sources = openSources(
    settings,
    providers,
    { credential, tokens, quotas, report: environment.report },
    { clock, emit, times: settings.cache },
    (provider) => sharedAnswersOf(provider, principal, state),
  );
  const { lookup, backgroundLookup, defender, graph, warnings, settled } = sources;
  const statsLookup = createStatsLookup({ clock, emit, source: defender });
  const quotasByName = quotasOf(settings, quotas);
  const canAsk = canAskOf(settings);
  const delegation = createDelegation(settings, { providers, state, clock, emit, ownToken });
  const send = createSend({ ...environment, emit, userAgent: USER_AGENT, ownToken });
  const { forwarding, deliveries } = createForwarding(shared, settings, { ...environment, emit }, send);
  const jobs =
    shared &&
    deliveries &&
    createJobs(shared, {
      ...environment,
      settings,
      portal: settings.cloud.portal,
      warnings,
      deliveries,
      quota,
      ...quotasByName,
      statsLookup,
      lookup: backgroundLookup,
      emit,
    });
  const stop = async (underWay?: Promise<void>) => {
    quotas.stop();
    delegation?.quotas.stop();
    await Promise.all([jobs?.stop(JOBS_STOP_MS), underWay]);
    await Promise.all([settled(), telemetry.close()]);
  };
  const app: App = {
    ...environment,
    settings,
    portal: settings.cloud.portal,
    telemetry,
    telemetryToken,
    quota,
    ...quotasByName,
    canAsk,
    lookup,
    statsLookup,
    warnings,
    defender,
    graph,
    sources,
    upstreamClock: providers.defender.clock,
    ownToken,
    send,
    delegation,
    shared,
    jobs,
    forwarding,
    deliveries,
    stop,
  };
  return { ok: true, app, environment };
}

/**
 * Tokens to send telemetry with: those of the identity that its own setting names. The cache is one of its
 * own and emits nothing, so that telemetry which cannot be sent does not make more telemetry.
 */
function createTelemetryToken({ identity, telemetry }: Settings, clock: Clock): TelemetryToken | undefined {
  if (!telemetry?.entra) return undefined;
  const { clientId, audience } = telemetry.entra;
  const credential = createCredential({ ...identity, clientId });
  const tokens = new TokenCache(clock);
  return (signal) => tokens.get(credential, scopeOf(audience), signal);
}

/** What is reported becomes an event as well: of log lines the host keeps only a part under load. */
function alsoNoted(report: Reporter, emit: Emit): Reporter {
  return (told) => {
    report(told);
    emit({ kind: 'reported', report: told });
  };
}

/**
 * The platform takes what a worker writes there into the function app's log, without function and invocation,
 * and as an error only if a word says so (WorkerProcess.cs of the host); so the line carries the trace's id,
 * and that word.
 */
function toConsole({ event, detail }: OperatorAlert): void {
  const traceparent = currentTrace()?.traceparent;
  // biome-ignore lint/suspicious/noConsole: there is no invocation whose log it could go to
  console.error(JSON.stringify({ level: 'error', event, traceparent, detail }));
}
