import { LRUCache } from 'lru-cache';
import { isAnyAlertId, isEndpointAlertId } from '../base/alert-id.js';
import type { Clock } from '../base/clock.js';
import type { Environment } from '../base/environment.js';
import type { Emit } from '../base/telemetry-event.js';
import type { DefenderSource } from '../defender/defender-source.js';
import { createDefender, type DefenderProvider } from '../defender/provider.js';
import type { QuotasByName } from '../enrichment/enrich.js';
import { createGraph, type GraphSource } from '../graph/provider.js';
import type { Principal } from '../identity/principal.js';
import { createLookups, type Lookups, type LookupsParts } from '../lookup/create-lookups.js';
import type { SharedCache } from '../lookup/lookup.js';
import type { Asker, IpSource, SourceAnswer, SourceProvider, SourceWarning } from '../lookup/source.js';
import { SourceCircuit } from '../lookup/source-circuit.js';
import { type AlertLookup, SourcesLookup } from '../lookup/sources-lookup.js';
import { Quota } from '../quota/quota.js';
import type { Settings, SourceName } from './settings.js';
import type { State } from './state.js';

/** Every source that the app knows. A new one is a folder beside `defender/` and a line here. */
export interface Sources {
  /** There in any case: only Defender knows how common an address is. */
  readonly defender: DefenderProvider;
  /** Absent unless `IP_SOURCES` names it. */
  readonly graph: SourceProvider<GraphSource> | undefined;
}

/** The quotas of one application at the sources that `IP_SOURCES` names, in that order; and Defender's. */
export interface Quotas {
  readonly defender: Quota;
  /** Of the source that is asked first. */
  readonly first: Quota;
  readonly named: ReadonlyMap<SourceName, Quota>;
  /** No more permits. */
  stop(): void;
}

/**
 * Alerts that are remembered for the doctor's comparison. Bounded by size, since `max` would allocate at
 * once.
 */
const MOST_RECENT = { maxSize: 100, sizeCalculation: () => 1 };

/** What one identity asks: every source that `IP_SOURCES` names, and Defender. */
export interface OpenSources extends Lookups {
  readonly defender: DefenderSource;
  readonly graph: GraphSource | undefined;
  /**
   * Every source that `IP_SOURCES` names, in that order, by the name that messages have for it; with the
   * permits that background work may have.
   */
  readonly each: readonly { readonly title: string; readonly lookup: AlertLookup }[];
  /** The alerts that were answered last, the latest first; none where there is only one source. */
  recent(): readonly string[];
  /** What callers should know of the sources and cannot see from a status; no I/O. */
  warnings(): readonly SourceWarning[];
}

/** Prepares every source; nothing is asked of any yet. */
export function createSources(
  settings: Settings,
  parts: Environment & { readonly emit: Emit; readonly userAgent: string },
): Sources {
  const isWithGraph = settings.sources.includes('graph');
  return {
    defender: createDefender(settings, parts),
    graph: isWithGraph ? createGraph(settings.graph, parts) : undefined,
  };
}

/** Opens the quotas of the sources for one application. */
export function openQuotas(
  { sources: names }: Pick<Settings, 'sources'>,
  providers: Sources,
  principal: Principal,
  state: State,
  parts: { readonly clock: Clock; readonly emit: Emit },
): Quotas {
  const defender = openQuota(providers.defender, principal, state, parts);
  const quotaOf = (name: SourceName): Quota => {
    const provider = providers[name];
    return name === 'defender' || !provider ? defender : openQuota(provider, principal, state, parts);
  };
  const named = new Map(names.map((name) => [name, quotaOf(name)]));
  const [first = defender] = named.values();
  const stop = () => {
    for (const quota of new Set([defender, ...named.values()])) quota.stop();
  };
  return { defender, first, named, stop };
}

/**
 * Opens the sources for one identity, and puts the lookups of those that `IP_SOURCES` names together. With
 * one of them there is nothing to choose, and its own lookups are all.
 * @param sharedOf the answers that instances share of a source
 */
export function openSources(
  { sources: names }: Pick<Settings, 'sources'>,
  providers: Sources,
  { quotas, ...asker }: Omit<Asker, 'quota'> & { readonly quotas: Quotas },
  parts: Omit<LookupsParts, 'source' | 'shared'>,
  sharedOf: (provider: SourceProvider) => SharedCache<SourceAnswer> | undefined = () => undefined,
): OpenSources {
  // A source behind another one is asked about what that one does not know: that it does not either is no
  // sign.
  const reportOf = ({ name }: SourceProvider) => (name === names[0] ? asker.report : () => {});
  const open = <S extends IpSource>(provider: SourceProvider<S>, quota: Quota) =>
    openSource(
      provider,
      { ...asker, quota, report: reportOf(provider) },
      { ...parts, shared: sharedOf(provider) },
    );
  const defender = open(providers.defender, quotas.defender);
  const graph = providers.graph && open(providers.graph, quotas.named.get('graph') ?? quotas.defender);
  const among = names.flatMap((name) => {
    const opened = { defender, graph }[name];
    const provider = providers[name];
    return opened && provider ? [{ name, provider, opened }] : [];
  });
  const recent = new LRUCache<string, true>(MOST_RECENT);
  const note = (alertId: string) => void recent.set(alertId, true);
  const lookups = among.length === 1 && among[0] ? among[0].opened : together(parts.clock, among, note);
  return {
    lookup: lookups.lookup,
    backgroundLookup: lookups.backgroundLookup,
    settled: () => lookups.settled(),
    defender: defender.source,
    graph: graph?.source,
    each: among.map(({ provider, opened }) => ({ title: provider.title, lookup: opened.backgroundLookup })),
    recent: () => [...recent.keys()],
    warnings: () => among[0]?.opened.source.warnings() ?? [],
  };
}

/** Several sources' lookups as one; whether a source answers is known to both. */
function together(
  clock: Clock,
  among: readonly {
    readonly name: SourceName;
    readonly provider: SourceProvider;
    readonly opened: OpenSource<IpSource>;
  }[],
  answered: (alertId: string) => void,
): Lookups {
  const circuits = new Map(among.map(({ name }) => [name, new SourceCircuit(clock)]));
  const of = (lookup: 'lookup' | 'backgroundLookup') =>
    new SourcesLookup(
      clock,
      among.map(({ name, provider, opened }) => ({
        name,
        title: provider.title,
        lookup: opened[lookup],
        circuit: circuits.get(name) as SourceCircuit,
      })),
      answered,
    );
  return {
    lookup: of('lookup'),
    backgroundLookup: of('backgroundLookup'),
    settled: () => Promise.all(among.map(({ opened }) => opened.settled())),
  };
}

/**
 * The quotas as answers show them: none by name where Defender is alone, as it was before there were others.
 */
export function quotasOf(
  { sources }: Pick<Settings, 'sources'>,
  { named }: Quotas,
): { readonly quotas?: QuotasByName } {
  return sources.includes('graph') ? { quotas: Object.fromEntries(named) } : {};
}

/** Whether a source that `IP_SOURCES` names can be asked about an alert: Defender only about its own. */
export function canAskOf({ sources }: Pick<Settings, 'sources'>): (alertId: string) => boolean {
  return sources.includes('graph') ? isAnyAlertId : isEndpointAlertId;
}

/** A source as one identity asks it, and the lookups in front of it. */
export interface OpenSource<S extends IpSource> extends Lookups {
  readonly source: S;
}

/** The one place where a source is put together, for the app itself and for each user. */
export function openSource<S extends IpSource>(
  provider: SourceProvider<S>,
  asker: Asker,
  parts: Omit<LookupsParts, 'source'>,
): OpenSource<S> {
  const source = provider.open(asker);
  return { source, ...createLookups({ ...parts, emit: emitFor(provider, parts.emit), source }) };
}

/**
 * The quota of a source for one application, with a ledger of its own: sources count calls per application
 * and tenant.
 */
export function openQuota(
  provider: SourceProvider,
  principal: Principal,
  { openLedger }: State,
  { clock, emit }: { readonly clock: Clock; readonly emit: Emit },
): Quota {
  const ledger = openLedger(stateKey(provider, principal), provider.limits);
  return new Quota(clock, ledger, emitFor(provider, emit), provider.title);
}

/** The answers of a source to one application that instances share; undefined where nothing is shared. */
export function sharedAnswersOf(
  provider: SourceProvider,
  principal: Principal,
  { openSharedAnswers }: State,
): SharedCache<SourceAnswer> | undefined {
  return openSharedAnswers?.(stateKey(provider, principal));
}

/** Names of Defender's stored state are older than the other sources and have no part for the source. */
function stateKey({ name }: SourceProvider, { key }: Principal): string {
  return name === 'defender' ? key : `${key} ${name}`;
}

/** Telemetry of what belongs to a source names it. */
function emitFor({ name }: SourceProvider, emit: Emit): Emit {
  return (event) =>
    emit(event.kind === 'permit' || event.kind === 'lookup' ? { ...event, source: name } : event);
}
