import type { IpStats, SourceAnswer } from '../source.js';
import type { Keeping } from './answer-cache.js';

/** How long answers about alerts are good for, in seconds; 0 keeps none. */
export interface CacheTimes {
  readonly ipsSeconds: number;
  readonly notFoundSeconds: number;
}

/** An alert that Defender does not know yet may be known soon. */
export function keepAlertIps({ ipsSeconds, notFoundSeconds }: CacheTimes): Keeping<SourceAnswer> {
  return {
    seconds: ({ status }) => (status === 'not_found' ? notFoundSeconds : ipsSeconds),
    size: ({ ips, unusable }) => 1 + ips.length + unusable.length,
  };
}

/** Prevalence changes over days; an hour spares the quota that alerts need. */
export const keepIpStats: Keeping<IpStats> = { seconds: () => 3_600, size: () => 1 };
