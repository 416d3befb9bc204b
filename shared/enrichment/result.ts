import { type EnrichmentError, type Problem, retryAfterSeconds, toProblem } from '../base/errors.js';
import { type IpAddress, parseIpAddress } from '../base/ip-address.js';
import type { Aged } from '../lookup/answer-cache.js';
import type { IpStats, SourceAnswer } from '../lookup/source.js';
import { toPointer } from '../payload/path.js';
import type {
  AlertReference,
  EndpointReference,
  OtherReference,
  UnusableReference,
} from '../payload/references.js';
import type { QuotaView } from '../quota/ledger.js';

/** What became of one alert's lookup. */
export type LookupResult =
  | { readonly ok: true; readonly found: Aged<SourceAnswer> }
  | { readonly ok: false; readonly error: EnrichmentError };

/** One alert in the answer; whoever has none says why. */
export type AlertEntry = AlertFacts &
  (
    | { readonly status: 'found' | 'empty' | 'not_found' }
    | { readonly status: 'skipped'; readonly reason: string }
    | { readonly status: 'failed'; readonly error: Problem }
  );

interface AlertFacts {
  readonly alertId?: string;
  readonly shape: string;
  /** JSON Pointer to where it stands first in the payload. */
  readonly pointer: string;
  /** What Defender answered; of a failed lookup, what the payload itself held. */
  readonly ips: readonly string[];
  /** How old the answer is; 0 when Defender was asked for it just now. */
  readonly ageSeconds?: number;
  /** Values among Defender's addresses that are none; at most ten of them. */
  readonly unusableIps?: readonly string[];
  /** For a skipped alert: whose it is, and why it was skipped. */
  readonly product?: string;
  readonly reason?: string;
  /** For a failed one. */
  readonly error?: Problem;
  readonly retryAfterSeconds?: number;
}

/** Who ties an address to an alert. */
export type IpOrigin = 'defender' | 'payload';

/** One address, and what ties it to the alerts. */
export interface RelatedIp extends IpAddress {
  readonly sources: readonly IpOrigin[];
  readonly alertIds: readonly string[];
  /** With `stats=true`, for public addresses, as far as the quota allowed. */
  readonly stats?: IpStats;
}

/** With `stats=true`: whether every public address has its statistics, and why not. */
export interface StatsSummary {
  readonly status: 'complete' | 'partial';
  readonly reason?: string;
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
  /** With `stats=true` the rarest first, else in the order of the alerts. */
  readonly ips: readonly RelatedIp[];
  readonly alerts: readonly AlertEntry[];
  readonly stats?: StatsSummary;
  readonly quota: QuotaView;
}

const MOST_UNUSABLE_SHOWN = 10;

/** Each alert once, in the payload's order, with what became of its lookup at `nowMs`. */
export function alertEntries(
  references: readonly AlertReference[],
  results: ReadonlyMap<string, LookupResult>,
  nowMs: number,
): AlertEntry[] {
  return byAlert(references).flatMap(({ reference, payloadIps }) => {
    if (reference.kind !== 'endpoint') return [skipped(reference)];
    const result = results.get(reference.alertId);
    return result ? [lookedUp(reference, payloadIps, result, nowMs)] : [];
  });
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
function byAlert(references: readonly AlertReference[]): NamedAlert[] {
  const alerts = new Map<unknown, NamedAlert>();
  for (const reference of references) {
    const key = reference.kind === 'unusable' ? reference : (reference.alertId ?? reference);
    const known = alerts.get(key);
    if (!known || (known.reference.kind !== 'endpoint' && reference.kind === 'endpoint')) {
      alerts.set(key, { reference, payloadIps: reference.kind === 'endpoint' ? [reference.payloadIps] : [] });
    } else if (reference.kind === 'endpoint') {
      known.payloadIps.push(reference.payloadIps);
    }
  }
  return [...alerts.values()];
}

function skipped(reference: OtherReference | UnusableReference): AlertEntry {
  const { shape } = reference;
  const pointer = toPointer(reference.path);
  const entry = { status: 'skipped', shape, pointer, ips: [] } as const;
  if (reference.kind === 'unusable') {
    return { ...entry, reason: 'No id here fits the grammar of Defender for Endpoint alert ids.' };
  }
  const { alertId, product } = reference;
  const reason = `This is an alert of ${product}, which the related-IPs API does not cover.`;
  return { ...(alertId ? { alertId } : {}), ...entry, product, reason };
}

function lookedUp(
  { alertId, shape, path }: EndpointReference,
  payloadIps: readonly (readonly string[])[],
  result: LookupResult,
  nowMs: number,
): AlertEntry {
  const pointer = toPointer(path);
  if (result.ok) {
    const { answer, ageSeconds } = result.found;
    const unusableIps = answer.unusable.slice(0, MOST_UNUSABLE_SHOWN);
    return {
      alertId,
      status: answer.status,
      shape,
      pointer,
      ips: answer.ips,
      ageSeconds,
      ...(unusableIps.length > 0 ? { unusableIps } : {}),
    };
  }
  const { error } = result;
  return {
    alertId,
    status: 'failed',
    shape,
    pointer,
    ips: [...new Set(payloadIps.flat())],
    error: toProblem(error),
    ...(error.retryAtMs === undefined
      ? {}
      : { retryAfterSeconds: retryAfterSeconds(error.retryAtMs, nowMs) }),
  };
}

/** All addresses that Defender or the payload ties to the alerts, each once, Defender's first. */
export function relatedIps(
  references: readonly AlertReference[],
  results: ReadonlyMap<string, LookupResult>,
): RelatedIp[] {
  const ties = new Map<string, { sources: IpOrigin[]; alertIds: Set<string> }>();
  const tie = (ips: readonly string[], source: IpOrigin, alertId: string) => {
    for (const ip of ips) {
      const tied = ties.get(ip);
      if (!tied) {
        ties.set(ip, { sources: [source], alertIds: new Set([alertId]) });
        continue;
      }
      if (!tied.sources.includes(source)) tied.sources.push(source);
      tied.alertIds.add(alertId);
    }
  };
  for (const [alertId, result] of results) {
    if (result.ok) tie(result.found.answer.ips, 'defender', alertId);
  }
  for (const reference of references) {
    if (reference.kind === 'endpoint') tie(reference.payloadIps, 'payload', reference.alertId);
  }
  return [...ties].flatMap(([address, { sources, alertIds }]) => {
    const ip = parseIpAddress(address);
    return ip ? [{ ...ip, sources, alertIds: [...alertIds] }] : [];
  });
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
