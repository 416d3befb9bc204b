import type { Clock } from '../base/clock.js';
import type { CacheLevel, Emit } from '../base/telemetry-event.js';
import { AnswerCache, MOST_KEPT } from './answer-cache.js';
import { alertIpsPolicy, type CacheTimes, ipStatsPolicy } from './cache-policy.js';
import { Lookup, type SharedCache } from './lookup.js';
import type { IpSource, IpStats, SourceAnswer, StatsSource } from './source.js';
import type { AlertLookup } from './sources-lookup.js';

/** What lookups for one identity are made of. */
interface Parts {
  readonly clock: Clock;
  readonly emit: Emit;
  /** What the sizes of all answers of one kind may add up to. */
  readonly mostKept?: number;
}

/** What lookups of alerts at one source are made of. */
export interface LookupsParts extends Parts {
  readonly source: Pick<IpSource, 'find'> & Partial<IpSource>;
  readonly times: CacheTimes;
  /** Absent where nothing is shared, and for answers that only one user may see. */
  readonly shared?: SharedCache<SourceAnswer> | undefined;
}

/** Looks alerts up by their ids for one identity. */
export interface Lookups {
  readonly lookup: AlertLookup;
  /**
   * The same for work that can wait: from the same cache, with flights of its own, so that a caller who
   * waits for an answer does not wait behind a job.
   */
  readonly backgroundLookup: AlertLookup;
  /** Resolves when what both found so far has been shared with the other instances. */
  settled(): Promise<unknown>;
}

/** Wires the lookups of alerts with a cache of their own. */
export function createLookups(parts: LookupsParts): Lookups {
  const { clock, emit, source, times, shared, mostKept = MOST_KEPT } = parts;
  const cache = new AnswerCache(clock, alertIpsPolicy(times), mostKept);
  const common = {
    cache,
    shared,
    check: (id: string) => source.check?.(id),
    answeredFrom: (level: CacheLevel) => emit({ kind: 'lookup', of: 'alert', level }),
  };
  const lookup = new Lookup({ ...common, ask: (id, work) => source.find(id, work, 'interactive') });
  const backgroundLookup = new Lookup({ ...common, ask: (id, work) => source.find(id, work, 'background') });
  const settled = () => Promise.all([lookup.settled(), backgroundLookup.settled()]);
  return { lookup, backgroundLookup, settled };
}

/** Wires the lookups of how common an address is, by the address. */
export function createStatsLookup({
  clock,
  emit,
  source,
  mostKept = MOST_KEPT,
}: Parts & { readonly source: StatsSource }): Lookup<IpStats> {
  return new Lookup({
    cache: new AnswerCache(clock, ipStatsPolicy, mostKept),
    ask: (ip, work) => source.stats(ip, work),
    answeredFrom: (level) => emit({ kind: 'lookup', of: 'address', level }),
  });
}
