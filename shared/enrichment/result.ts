import { type EnrichmentError, type Problem, retryAfterSeconds, toProblem } from '../base/errors.js';
import { type IpAddress, parseIpAddress } from '../base/ip-address.js';
import type { Steps } from '../base/steps.js';
import type { Aged } from '../lookup/answer-cache.js';
import type { IpEvidence, IpStats, SourceAnswer, SourceWarning } from '../lookup/source.js';
import { withEvidence } from '../lookup/source-choice.js';
import { toPointer } from '../payload/path.js';
import type {
  AlertReference,
  EndpointReference,
  OtherReference,
  UnusableReference,
} from '../payload/references.js';
import type { QuotaView } from '../quota/ledger.js';
import type { Listing } from './order.js';

/** What became of one alert's lookup; `notAsked`: why nobody was asked about it. */
export type LookupResult =
  | { readonly ok: true; readonly found: Aged<SourceAnswer> }
  | { readonly ok: false; readonly error: EnrichmentError }
  | { readonly ok: false; readonly notAsked: string };

/** One alert in the answer. One without an answer says why. */
export type AlertEntry = AlertFacts &
  (
    | { readonly status: 'found' | 'empty' | 'not_found' }
    | { readonly status: 'skipped'; readonly reason: string }
    | { readonly status: 'failed'; readonly error: Problem }
  );

interface AlertFacts {
  readonly alertId?: string;
  readonly shape: string;
  /** JSON Pointer to its first place in the payload; made when it is read, since names can be long. */
  readonly pointer: string;
  /** What Defender answered; of a failed lookup, what the payload itself held. */
  readonly ips: readonly string[];
  /** How old the answer is; 0 when Defender was asked for it just now. */
  readonly ageSeconds?: number;
  /** Values among Defender's addresses that are none; at most ten of them. */
  readonly unusableIps?: readonly string[];
  /** Set where a source that was asked could not answer fully. */
  readonly incomplete?: true;
  /** Whose alert it is, when it is not Defender for Endpoint's. */
  readonly product?: string;
  /** Why it was skipped, or what it means that no source knows it. */
  readonly reason?: string;
  /** For a failed one. */
  readonly error?: Problem;
  readonly retryAfterSeconds?: number;
}

/** Who ties an address to an alert. */
export type IpOrigin = 'defender' | 'graph' | 'payload';

/** One address, and what ties it to the alerts. */
export interface RelatedIp extends IpAddress {
  readonly sources: readonly IpOrigin[];
  /** All of them, unless an answer would list more than `MOST_ALERT_IDS`. */
  readonly alertIds: readonly string[];
  /** How many alerts there are, where `alertIds` lists only the first of them. */
  readonly alertCount?: number;
  /** What a source says of it beside that; absent where none says anything. */
  readonly evidence?: IpEvidence;
  /** With `stats=true`, for public addresses, as far as the quota allowed. */
  readonly stats?: IpStats;
}

/** With `stats=true`: whether every public address has its statistics, and why not. */
export interface StatsSummary {
  readonly status: 'complete' | 'partial';
  readonly reason?: string;
}

/** How many addresses there are, those that `scope=public` leaves out included. */
export interface IpCounts {
  readonly total: number;
  readonly public: number;
  readonly private: number;
  /** Loopback, link-local, reserved and the like. */
  readonly other: number;
}

/** What an answer says of the forwarding, where that was asked for. */
export interface ForwardReceipt {
  /** The delivery's: equal posts have the same within an hour. */
  readonly id: string;
  /** Name of the destination. */
  readonly destination: string;
  readonly status: 'queued' | 'delivered' | 'dead-lettered';
}

/** One request's work and its result, as it is answered. */
export interface Enrichment {
  readonly id: string;
  /** `complete`: no lookup failed; `failed`: all did. */
  readonly status: 'complete' | 'partial' | 'failed';
  readonly counts: IpCounts;
  /** Public ones first, then the rarest, then in the order of the alerts; see `byInterest`. */
  readonly ips: readonly RelatedIp[];
  readonly alerts: readonly AlertEntry[];
  readonly stats?: StatsSummary;
  /** With `stats=true`: how many public addresses came without statistics. */
  readonly statsMissing?: number;
  /** What a caller should know and cannot see from a status. */
  readonly warnings?: readonly SourceWarning[];
  /** Of the source that is asked first. */
  readonly quota: QuotaView;
  /** Of every source by its name, where it is not Defender alone. */
  readonly quotas?: Readonly<Record<string, QuotaView>>;
}

const MOST_UNUSABLE_SHOWN = 10;
/** A text that is no address can be of any length. A choice: enough to recognise it by. */
const MOST_UNUSABLE_CHARACTERS = 100;

/**
 * Each alert once, in the payload's order, with what became of its lookup at `nowMs`.
 * @param listing puts addresses in order, and leaves out what the caller does not want
 */
export function* alertEntries(
  references: readonly AlertReference[],
  results: ReadonlyMap<string, LookupResult>,
  nowMs: number,
  listing: Listing,
): Steps<AlertEntry[]> {
  const entries: AlertEntry[] = [];
  const problems = new Map<EnrichmentError, Problem>();
  const problemOf = (error: EnrichmentError) => {
    const known = problems.get(error) ?? toProblem(error);
    problems.set(error, known);
    return known;
  };
  for (const { reference, payloadIps } of byAlert(references).values()) {
    if (reference.kind !== 'endpoint') entries.push(skipped(reference));
    else {
      const result = results.get(reference.alertId);
      if (result) entries.push(lookedUp(reference, payloadIps, result, { nowMs, listing, problemOf }));
    }
    yield;
  }
  return entries;
}

/** An alert, and the addresses that each place which names it ties to it. */
interface NamedAlert {
  readonly reference: AlertReference;
  readonly payloadIps: (readonly string[])[];
}

/**
 * Each alert by the first place that names it. Where one place says that it is another product's and
 * another one that it is Defender for Endpoint's, the latter counts: for that it was looked up.
 */
function byAlert(references: readonly AlertReference[]): Map<unknown, NamedAlert> {
  const alerts = new Map<unknown, NamedAlert>();
  for (const reference of references) {
    const key = reference.kind === 'unusable' ? reference : (reference.alertId ?? reference);
    const known = alerts.get(key);
    if (!known || (known.reference.kind !== 'endpoint' && reference.kind === 'endpoint')) {
      alerts.set(key, { reference, payloadIps: reference.kind === 'endpoint' ? [reference.payloadIps] : [] });
    } else if (reference.kind === 'endpoint' && reference.payloadIps.length > 0) {
      known.payloadIps.push(reference.payloadIps);
    }
  }
  return alerts;
}

/** The entry of an alert that nobody can be asked about. */
function skipped(reference: OtherReference | UnusableReference): AlertEntry {
  if (reference.kind === 'unusable') {
    const reason = 'No id here fits the grammar of Defender for Endpoint alert ids.';
    return placed(reference, { status: 'skipped', ips: [], reason });
  }
  const { alertId, product } = reference;
  const reason = `This is an alert of ${product}, which the related-IPs API does not cover.`;
  return placed(reference, { ...(alertId ? { alertId } : {}), status: 'skipped', ips: [], product, reason });
}

interface EntryParts {
  readonly nowMs: number;
  readonly listing: Listing;
  readonly problemOf: (error: EnrichmentError) => Problem;
}

function lookedUp(
  reference: EndpointReference,
  payloadIps: readonly (readonly string[])[],
  result: LookupResult,
  { nowMs, listing, problemOf }: EntryParts,
): AlertEntry {
  const { alertId } = reference;
  const product = reference.product === undefined ? {} : { product: reference.product };
  if (result.ok) {
    const { answer, ageSeconds } = result.found;
    const unusableIps = answer.unusable
      .slice(0, MOST_UNUSABLE_SHOWN)
      .map((text) => text.slice(0, MOST_UNUSABLE_CHARACTERS));
    return placed(reference, {
      alertId,
      status: answer.status,
      ips: listing(answer.ips),
      ageSeconds,
      ...(unusableIps.length > 0 ? { unusableIps } : {}),
      ...(answer.incomplete ? { incomplete: true } : {}),
      ...product,
      ...(answer.reason === undefined ? {} : { reason: answer.reason }),
    });
  }
  if ('notAsked' in result) {
    return placed(reference, { alertId, ...product, status: 'skipped', ips: [], reason: result.notAsked });
  }
  const { error } = result;
  return placed(reference, {
    alertId,
    status: 'failed',
    ips: listing([...new Set(payloadIps.flat())]),
    ...product,
    error: problemOf(error),
    ...(error.retryAtMs === undefined
      ? {}
      : { retryAfterSeconds: retryAfterSeconds(error.retryAtMs, nowMs) }),
  });
}

/** All but the place: TypeScript's own `Omit` loses what tells the kinds of entries apart. */
type Unplaced = AlertEntry extends infer Entry
  ? Entry extends unknown
    ? Omit<Entry, 'shape' | 'pointer'>
    : never
  : never;

/** An entry with its place. The pointer stays unwritten until somebody reads it. */
function placed(reference: AlertReference, entry: Unplaced): AlertEntry {
  return {
    ...entry,
    shape: reference.shape,
    get pointer() {
      return toPointer(reference.path);
    },
  } as AlertEntry;
}

/**
 * The most alert ids that all of `ips[].alertIds` list together: 2 MB. Alerts that share their addresses
 * would otherwise make an answer that is the product of the two: 10,000 alerts that share 300 addresses, 66
 * MB.
 */
export const MOST_ALERT_IDS = 100_000;

/**
 * All addresses that a source or the payload ties to the alerts, each once: the sources' in the order of the
 * alerts, then those that only the payload has.
 */
export function* relatedIps(
  references: readonly AlertReference[],
  results: ReadonlyMap<string, LookupResult>,
): Steps<RelatedIp[]> {
  const ties = new Map<string, Tied>();
  let listed = 0;
  const tie = (ip: string, source: IpOrigin, alertId: string | undefined) => {
    let tied = ties.get(ip);
    if (!tied) {
      tied = { sources: [source], alertIds: [], count: 0 };
      ties.set(ip, tied);
    } else if (!tied.sources.includes(source)) tied.sources.push(source);
    if (alertId === undefined) return;
    tied.count++;
    // Beyond the most of all, none lists more than its part, which only becomes smaller.
    if (listed >= MOST_ALERT_IDS && tied.alertIds.length >= MOST_ALERT_IDS / ties.size) return;
    tied.alertIds.push(alertId);
    listed++;
  };
  for (const [alertId, result] of results) {
    if (result.ok) {
      const { ips, origins = [{ source: 'defender', ips }], evidence = {} } = result.found.answer;
      const isTied = new Set<string>(); // an alert counts once, however many sources tie it
      for (const { source, ips: its } of origins) {
        for (const ip of its) {
          tie(ip, source as IpOrigin, isTied.has(ip) ? undefined : alertId);
          if (origins.length > 1) isTied.add(ip);
        }
      }
      for (const [ip, said] of Object.entries(evidence)) {
        const tied = ties.get(ip);
        if (tied) tied.evidence = tied.evidence ? withEvidence(tied.evidence, said) : said;
      }
    }
    yield;
  }
  for (const { reference, payloadIps } of byAlert(references).values()) {
    if (reference.kind === 'endpoint' && payloadIps.some((ips) => ips.length > 0)) {
      const result = results.get(reference.alertId);
      const isTied = new Set(result?.ok ? result.found.answer.ips : []);
      for (const ip of new Set(payloadIps.flat())) {
        tie(ip, 'payload', isTied.has(ip) ? undefined : reference.alertId);
      }
    }
    yield;
  }
  const isAll =
    listed <= MOST_ALERT_IDS && [...ties.values()].every((one) => one.count === one.alertIds.length);
  const part = isAll ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(MOST_ALERT_IDS / ties.size));
  const ips: RelatedIp[] = [];
  for (const [address, { sources, alertIds, count, evidence }] of ties) {
    const ip = parseIpAddress(address);
    const said = evidence ? { evidence } : {};
    if (ip && count <= part) ips.push({ ...ip, sources, alertIds, ...said });
    else if (ip) ips.push({ ...ip, sources, alertIds: alertIds.slice(0, part), alertCount: count, ...said });
    yield;
  }
  return ips;
}

/** What ties an address to alerts. */
interface Tied {
  readonly sources: IpOrigin[];
  /** The first of them. */
  readonly alertIds: string[];
  /** How many there are. */
  count: number;
  evidence?: IpEvidence;
}

/** How many alerts an address belongs to. */
export function alertCountOf({ alertIds, alertCount }: Pick<RelatedIp, 'alertIds' | 'alertCount'>): number {
  return alertCount ?? alertIds.length;
}

/** How many addresses there are of which scope. */
export function countsOf(ips: readonly RelatedIp[]): IpCounts {
  const having = (wanted: string) => ips.filter(({ scope }) => scope === wanted).length;
  const [publicOnes, privateOnes] = [having('public'), having('private')];
  const other = ips.length - publicOnes - privateOnes;
  return { total: ips.length, public: publicOnes, private: privateOnes, other };
}

/** `failed` when everything that was asked about failed; skipped alerts were not asked about. */
export function statusOf(entries: readonly AlertEntry[]): Enrichment['status'] {
  const asked = entries.filter((entry) => entry.status !== 'skipped');
  const failed = asked.filter((entry) => entry.status === 'failed');
  if (failed.length === 0) return 'complete';
  return failed.length === asked.length ? 'failed' : 'partial';
}

/** The soonest wait after which a failed alert is worth asking about again, if any. */
export function soonestRetrySeconds(entries: readonly AlertEntry[]): number | undefined {
  const waits = entries.flatMap(({ retryAfterSeconds: wait }) => (wait === undefined ? [] : [wait]));
  return waits.length > 0 ? Math.min(...waits) : undefined;
}
