import type { Deadline } from '../base/deadline.js';
import { asEnrichmentError, type EnrichmentError } from '../base/errors.js';
import type { Lookup } from '../lookup/lookup.js';
import type { IpStats } from '../lookup/source.js';
import type { RelatedIp, StatsSummary } from './result.js';

/** Addresses of one request that are asked about: a minute's quota. */
const MOST_ASKED = 100;

/** Statistics by address. */
export type KnownStats = ReadonlyMap<string, IpStats>;

/** Addresses with their statistics, and how complete these are. */
export interface IpsWithStats {
  readonly ips: readonly RelatedIp[];
  readonly stats: StatsSummary;
  readonly statsMissing: number;
}

/**
 * The public addresses that have no statistics yet, in their order: what a job asks about until there are
 * none.
 */
export function withoutStats(ips: readonly RelatedIp[]): readonly string[] {
  return ips.filter(({ scope, stats }) => scope === 'public' && !stats).map(({ address }) => address);
}

/** The addresses with what is known of them. */
export function withStats(ips: readonly RelatedIp[], known: KnownStats): RelatedIp[] {
  return ips.map((ip) => {
    const stats = known.get(ip.address);
    return stats ? { ...ip, stats } : ip;
  });
}

/**
 * Adds to each public address how common it is in the organisation: an address that one device spoke with is
 * worth a look before one that all do. Statistics never make a request fail; an address that could not be
 * asked about comes without, and the summary says why.
 * @param onError takes each lookup's failure
 */
export async function addStats(
  lookup: Pick<Lookup<IpStats>, 'find'>,
  ips: readonly RelatedIp[],
  deadline: Deadline,
  onError: (error: EnrichmentError) => void,
): Promise<IpsWithStats> {
  const wanted = withoutStats(ips);
  const reasons = new Set<string>();
  const known = new Map<string, IpStats>();
  await Promise.all(
    wanted.slice(0, MOST_ASKED).map((address) =>
      lookup.find(address, deadline).then(
        ({ answer }) => known.set(address, answer),
        (thrown) => {
          const error = asEnrichmentError(thrown);
          reasons.add(error.message);
          onError(error);
        },
      ),
    ),
  );
  if (wanted.length > MOST_ASKED) reasons.add(`Only ${MOST_ASKED} addresses of one request are asked about.`);
  const found = withStats(ips, known);
  const [reason] = reasons;
  return {
    ips: found,
    stats: reason === undefined ? { status: 'complete' } : { status: 'partial', reason },
    statsMissing: withoutStats(found).length,
  };
}
