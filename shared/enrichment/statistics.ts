import type { Deadline } from '../base/deadline.js';
import { asEnrichmentError } from '../base/errors.js';
import type { Lookup } from '../lookup/lookup.js';
import type { IpStats } from '../lookup/source.js';
import type { RelatedIp, StatsSummary } from './result.js';

/** Addresses of one request that are asked about: a minute's quota. */
const MOST_ASKED = 100;

/** Addresses with their statistics, and how complete these are. */
export interface IpsWithStats {
  readonly ips: readonly RelatedIp[];
  readonly stats: StatsSummary;
}

/**
 * Adds to each public address how common it is in the organisation, and puts the rarest first: an
 * address that one device spoke with is worth a look before one that all do. Statistics never make a
 * request fail; an address that could not be asked about comes without, and the summary says why.
 */
export async function addStats(
  lookup: Pick<Lookup<IpStats>, 'find'>,
  ips: readonly RelatedIp[],
  deadline: Deadline,
): Promise<IpsWithStats> {
  const wanted = ips.filter(({ scope }) => scope === 'public').map(({ address }) => address);
  const reasons = new Set<string>();
  if (wanted.length > MOST_ASKED) reasons.add(`Only ${MOST_ASKED} addresses of one request are asked about.`);
  const known = new Map<string, IpStats>();
  await Promise.all(
    wanted.slice(0, MOST_ASKED).map((address) =>
      lookup.find(address, deadline).then(
        ({ answer }) => known.set(address, answer),
        (error) => reasons.add(asEnrichmentError(error).message),
      ),
    ),
  );
  const [reason] = reasons;
  return {
    ips: ips.map((ip) => withStats(ip, known.get(ip.address))).sort(byRarity),
    stats: reason === undefined ? { status: 'complete' } : { status: 'partial', reason },
  };
}

function withStats(ip: RelatedIp, stats: IpStats | undefined): RelatedIp {
  return stats ? { ...ip, stats } : ip;
}

function byRarity(a: RelatedIp, b: RelatedIp): number {
  const prevalence = ({ stats }: RelatedIp) => stats?.organizationPrevalence ?? Number.MAX_SAFE_INTEGER;
  return prevalence(a) - prevalence(b);
}
