import type { IpStats, SourceAnswer } from './source.js';

/** How long answers of one kind are kept, and what room they take. */
export interface CachePolicy<T> {
  /** How long an answer is good for; 0 keeps none. */
  ttlSeconds(answer: T): number;
  /** How much of the cache's room it takes. */
  size(answer: T): number;
}

/** How long answers about alerts are good for, in seconds; 0 keeps none. */
export interface CacheTimes {
  readonly ipsSeconds: number;
  readonly notFoundSeconds: number;
}

/** What an answer holds, in addresses. What is known of an address takes about the room of three. */
export function sizeOf({ ips, unusable, origins = [], evidence = {}, own = [] }: SourceAnswer): number {
  const named = origins.reduce((sum, origin) => sum + origin.ips.length, 0);
  return ips.length + unusable.length + named + own.length + 3 * Object.keys(evidence).length;
}

/** An alert that Defender does not know yet may be known soon. */
export function alertIpsPolicy({ ipsSeconds, notFoundSeconds }: CacheTimes): CachePolicy<SourceAnswer> {
  return {
    // What is missing in an answer may be there soon.
    ttlSeconds: ({ status, incomplete }) => {
      if (status === 'not_found') return notFoundSeconds;
      return incomplete ? Math.min(notFoundSeconds, ipsSeconds) : ipsSeconds;
    },
    size: (answer) => 1 + sizeOf(answer),
  };
}

/** Prevalence changes over days; an hour spares the quota that alerts need. */
export const ipStatsPolicy: CachePolicy<IpStats> = { ttlSeconds: () => 3_600, size: () => 1 };
