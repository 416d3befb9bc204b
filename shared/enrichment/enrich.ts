import type { Clock } from '../base/clock.js';
import type { Deadline } from '../base/deadline.js';
import { asEnrichmentError } from '../base/errors.js';
import { inTurns } from '../base/steps.js';
import type { Lookup } from '../lookup/lookup.js';
import type { IpStats, SourceAnswer } from '../lookup/source.js';
import { removingOwnAnswer } from '../payload/own-answer.js';
import { type AlertReference, type EndpointReference, findingAlerts } from '../payload/references.js';
import { attachingRelatedIps } from '../payload/splice.js';
import type { Quota } from '../quota/quota.js';
import {
  alertEntries,
  type Enrichment,
  type ForwardReceipt,
  type LookupResult,
  relatedIps,
  statusOf,
} from './result.js';
import { addStats } from './statistics.js';

/** What enriching needs. */
export interface Enricher {
  readonly clock: Clock;
  readonly lookup: Lookup<SourceAnswer>;
  readonly statsLookup: Lookup<IpStats>;
  readonly quota: Quota;
}

/** What was posted: its text, and what JSON.parse makes of it. */
export interface Posted {
  readonly text: string;
  readonly payload: unknown;
}

/** What the caller wants to know beside the alerts' IPs. */
export interface EnrichOptions {
  readonly id: string;
  /** How common each public address is. */
  readonly stats: boolean;
}

/** A result, and the posted text with it. */
export interface EnrichedPayload {
  readonly enrichment: Enrichment;
  /** The payload as posted, with `relatedIps` in each alert that was answered. */
  readonly alertText: string;
  /** In the answer to whoever had it forwarded; what is forwarded has none. */
  readonly delivery?: ForwardReceipt;
}

/** The alerts of a payload, and what became of their lookups, by alert id. */
export interface LookedUp {
  readonly references: readonly AlertReference[];
  readonly results: ReadonlyMap<string, LookupResult>;
}

/**
 * The first half of the story: recognise the alerts, look them up.
 *
 * @throws {RequestError} when there is nothing to look up in it; a failed lookup is part of the result
 */
export async function lookUp(
  { lookup }: Pick<Enricher, 'lookup'>,
  posted: Posted,
  deadline: Deadline,
): Promise<LookedUp> {
  const references = await inTurns(findingAlerts(posted.payload));
  return { references, results: await lookUpAll(lookup, alertIdsIn(references), deadline) };
}

/** The second half: attach the IPs to the text. It may be told long after the first one, of a job. */
export async function attach(
  { clock, statsLookup, quota }: Omit<Enricher, 'lookup'>,
  posted: Posted,
  { references, results }: LookedUp,
  { id, stats }: EnrichOptions,
  deadline: Deadline,
): Promise<EnrichedPayload> {
  const ips = relatedIps(references, results);
  const addresses = stats ? await addStats(statsLookup, ips, deadline) : { ips };
  const alerts = alertEntries(references, results, clock.monotonicMs());
  const attachments = references.flatMap((reference) => attachment(reference, results));
  const attached = (await inTurns(attachingRelatedIps(posted.text, attachments))) as string;
  const alertText = await inTurns(removingOwnAnswer(attached, posted.payload));
  return {
    enrichment: { id, status: statusOf(alerts), ...addresses, alerts, quota: quota.view() },
    alertText,
  };
}

/** The ids to be looked up, each once, in the payload's order. */
export function alertIdsIn(references: readonly AlertReference[]): string[] {
  return [...new Set(references.filter(isEndpoint).map(({ alertId }) => alertId))];
}

function isEndpoint(reference: AlertReference): reference is EndpointReference {
  return reference.kind === 'endpoint';
}

/** Looks every alert up once, all at the same time; the quota bounds how many calls are under way. */
async function lookUpAll(
  lookup: Lookup<SourceAnswer>,
  alertIds: readonly string[],
  deadline: Deadline,
): Promise<ReadonlyMap<string, LookupResult>> {
  const results = await Promise.all(
    alertIds.map((alertId) =>
      lookup.find(alertId, deadline).then(
        (found): LookupResult => ({ ok: true, found }),
        (error): LookupResult => ({ ok: false, error: asEnrichmentError(error) }),
      ),
    ),
  );
  return new Map(alertIds.map((alertId, index) => [alertId, results[index] as LookupResult]));
}

/** Only an answer is attached: a failed lookup leaves the alert as it was posted. */
function attachment(reference: AlertReference, results: ReadonlyMap<string, LookupResult>) {
  if (reference.kind !== 'endpoint' || !reference.attachTo) return [];
  const result = results.get(reference.alertId);
  return result?.ok ? [{ path: reference.attachTo, ips: result.found.answer.ips }] : [];
}
