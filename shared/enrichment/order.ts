import { VERDICTS } from '../lookup/source.js';
import type { RelatedIp } from './result.js';

/**
 * Which of two addresses comes first wherever addresses are listed: public before others; then by a source's
 * verdict, the worst first; then the rarest in the organisation, those of unknown prevalence last. Sorting is
 * stable, so that equal ones stay in the source's order.
 */
export function byInterest(one: RelatedIp, other: RelatedIp): number {
  return rankOf(one) - rankOf(other);
}

/** Beyond every prevalence: a device count. */
const UNKNOWN_PREVALENCE = 2 ** 40;
const NOT_PUBLIC = 2 ** 45;

/** In the bits above every prevalence. Without a verdict as much is known as with that of "unknown". */
const VERDICT_STEP = 2 ** 41;

function rankOf({ scope, stats, evidence }: RelatedIp): number {
  const rarity = stats?.organizationPrevalence ?? UNKNOWN_PREVALENCE;
  const verdict = VERDICTS.indexOf(evidence?.verdict ?? 'unknown') * VERDICT_STEP;
  return (scope === 'public' ? 0 : NOT_PUBLIC) + verdict + rarity;
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
