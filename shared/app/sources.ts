import type { Clock } from '../base/clock.js';
import type { Environment } from '../base/environment.js';
import type { Emit } from '../base/telemetry-event.js';
import { createDefender, type DefenderProvider } from '../defender/provider.js';
import type { Principal } from '../identity/principal.js';
import { createLookups, type Lookups, type LookupsParts } from '../lookup/create-lookups.js';
import type { SharedCache } from '../lookup/lookup.js';
import type { Asker, IpSource, SourceAnswer, SourceProvider } from '../lookup/source.js';
import { Quota } from '../quota/quota.js';
import type { Settings } from './settings.js';
import type { State } from './state.js';

/** Every source that the app knows. A new one is a folder beside `defender/` and a line here. */
export interface Sources {
  readonly defender: DefenderProvider;
}

/** Prepares every source; nothing is asked of any yet. */
export function createSources(
  settings: Settings,
  parts: Environment & { readonly emit: Emit; readonly userAgent: string },
): Sources {
  return { defender: createDefender(settings, parts) };
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
  return new Quota(clock, ledger, emitFor(provider, emit));
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
