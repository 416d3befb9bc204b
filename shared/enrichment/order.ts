import type { RelatedIp } from './result.js';

/**
 * Which of two addresses comes first wherever addresses are listed: public before others; then the rarest in the
 * organisation, those of unknown prevalence last. Sorting is stable, so that equal ones stay in the source's order.
 */
export function byInterest(one: RelatedIp, other: RelatedIp): number {
  return rankOf(one) - rankOf(other);
}

/** Beyond every prevalence: a device count. */
const UNKNOWN_PREVALENCE = 2 ** 40;
const NOT_PUBLIC = 2 ** 45;

/** A source's verdict, once one has any, goes between the two: into the bits above every prevalence. */
function rankOf({ scope, stats }: RelatedIp): number {
  const rarity = stats?.organizationPrevalence ?? UNKNOWN_PREVALENCE;
  return (scope === 'public' ? 0 : NOT_PUBLIC) + rarity;
}

/** Puts addresses in order, and leaves out those that are not to be shown. */
export type Listing = (addresses: readonly string[]) => readonly string[];

/**
 * How the addresses of one answer are listed.
 * @param shown all that may be shown, with what is known of them; others are left out
 */
export function listingOf(shown: readonly RelatedIp[]): Listing {
  const ranks = new Map(shown.map((ip) => [ip.address, rankOf(ip)]));
  // Equal posts and shared answers bring the same list thousands of times.
  const known = new WeakMap<readonly string[], readonly string[]>();
  const rank = (address: string) => ranks.get(address) as number;
  return (addresses) => {
    const before = known.get(addresses);
    if (before) return before;
    const listed = addresses.filter((address) => ranks.has(address)).sort((a, b) => rank(a) - rank(b));
    known.set(addresses, listed);
    return listed;
  };
}
