import type { Clock } from '../base/clock.js';
import type { CacheLevel, Emit } from '../base/telemetry-event.js';
import { AnswerCache, MOST_KEPT } from './answer-cache.js';
import { alertIpsPolicy, type CacheTimes, ipStatsPolicy } from './cache-policy.js';
import { Lookup, type SharedCache } from './lookup.js';
import type { IpSource, IpStats, SourceAnswer, StatsSource } from './source.js';

/** What lookups for one identity are made of. */
export interface LookupsParts {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly source: Pick<IpSource, 'find'> & StatsSource;
  readonly times: CacheTimes;
  /** Absent where nothing is shared, and for answers that only one user may see. */
  readonly shared?: SharedCache<SourceAnswer> | undefined;
  /** What the sizes of all answers of one kind may add up to. */
  readonly mostKept?: number;
}

/** All that one identity looks up. */
export interface Lookups {
  /** An alert's IPs, by its id. */
  readonly lookup: Lookup<SourceAnswer>;
  /**
   * The same for work that can wait: from the same cache, and with flights of its own, since who waits
   * for an answer must not wait behind a job.
   */
  readonly backgroundLookup: Lookup<SourceAnswer>;
  /** How common an address is, by the address. */
  readonly statsLookup: Lookup<IpStats>;
}

/** Wires the lookups of one identity with caches of their own. */
export function createLookups({
  clock,
  emit,
  source,
  times,
  shared,
  mostKept = MOST_KEPT,
}: LookupsParts): Lookups {
  const alerts = new AnswerCache(clock, alertIpsPolicy(times), mostKept);
  const addresses = new AnswerCache(clock, ipStatsPolicy, mostKept);
  const told = (of: 'alert' | 'address') => (level: CacheLevel) => emit({ kind: 'lookup', of, level });
  return {
    lookup: new Lookup(alerts, (id, work) => source.find(id, work, 'interactive'), shared, told('alert')),
    backgroundLookup: new Lookup(
      alerts,
      (id, work) => source.find(id, work, 'background'),
      shared,
      told('alert'),
    ),
    statsLookup: new Lookup(addresses, (ip, work) => source.stats(ip, work), undefined, told('address')),
  };
}
