import { type EnrichmentError, type Problem, retryAfterSeconds, toProblem } from './errors.js';
import { type IpAddress, parseIpAddress } from './ip-address.js';
import type { AgedAnswer } from './lookup/answer-cache.js';
import type { AlertReference, EndpointReference } from './payload/references.js';
import type { QuotaView } from './quota/ledger.js';

/** What became of one alert's lookup. */
export type LookupResult =
  | { readonly ok: true; readonly found: AgedAnswer }
  | { readonly ok: false; readonly error: EnrichmentError };

/** One alert in the answer. */
export interface AlertEntry {
  readonly alertId?: string;
  readonly status: 'found' | 'empty' | 'not_found' | 'skipped' | 'failed';
  readonly shape: string;
  /** JSON Pointer to where it stands first in the payload. */
  readonly pointer: string;
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

/** One address, and what ties it to the alerts. */
export interface RelatedIp extends IpAddress {
  readonly sources: readonly 'defender'[];
  readonly alertIds: readonly string[];
}

/** One request's work and its result, as it is answered. */
export interface Enrichment {
  readonly id: string;
  /** `complete`: no lookup failed; `failed`: all did. */
  readonly status: 'complete' | 'partial' | 'failed';
  readonly ips: readonly RelatedIp[];
  readonly alerts: readonly AlertEntry[];
  readonly quota: QuotaView;
}

const MOST_UNUSABLE_SHOWN = 10;

/** Each alert once, in the payload's order, with what became of its lookup at `nowMs`. */
export function alertEntries(
  references: readonly AlertReference[],
  results: ReadonlyMap<string, LookupResult>,
  nowMs: number,
): AlertEntry[] {
  const seen = new Set<string>();
  const entries: AlertEntry[] = [];
  for (const reference of references) {
    const { shape, pointer } = reference;
    if (reference.kind === 'unusable') {
      const reason = 'No id here fits the grammar of Defender for Endpoint alert ids.';
      entries.push({ status: 'skipped', shape, pointer, ips: [], reason });
      continue;
    }
    const { alertId } = reference;
    if (alertId !== undefined && seen.has(alertId)) continue;
    if (alertId !== undefined) seen.add(alertId);
    if (reference.kind === 'endpoint') {
      const result = results.get(reference.alertId);
      if (result) entries.push(lookedUp(reference, result, nowMs));
    } else {
      const { product } = reference;
      const reason = `This is an alert of ${product}, which the related-IPs API does not cover.`;
      entries.push({
        ...(alertId ? { alertId } : {}),
        status: 'skipped',
        shape,
        pointer,
        ips: [],
        product,
        reason,
      });
    }
  }
  return entries;
}

function lookedUp(
  { alertId, shape, pointer }: EndpointReference,
  result: LookupResult,
  nowMs: number,
): AlertEntry {
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
    ips: [],
    error: toProblem(error),
    ...(error.retryAtMs === undefined
      ? {}
      : { retryAfterSeconds: retryAfterSeconds(error.retryAtMs, nowMs) }),
  };
}

/** All addresses of all alerts, each once. */
export function relatedIps(entries: readonly AlertEntry[]): RelatedIp[] {
  const alertIdsOf = new Map<string, string[]>();
  for (const { alertId, ips } of entries) {
    for (const ip of alertId === undefined ? [] : ips) {
      const alertIds = alertIdsOf.get(ip);
      if (alertIds) alertIds.push(alertId as string);
      else alertIdsOf.set(ip, [alertId as string]);
    }
  }
  return [...alertIdsOf].flatMap(([address, alertIds]) => {
    const ip = parseIpAddress(address);
    return ip ? [{ ...ip, sources: ['defender'] as const, alertIds }] : [];
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
