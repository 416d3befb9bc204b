import type { Clock } from '../base/clock.js';
import type { Deadline } from '../base/deadline.js';
import { asEnrichmentError, type EnrichmentError } from '../base/errors.js';
import { inTurns, Pace } from '../base/steps.js';
import type { Lookup } from '../lookup/lookup.js';
import type { IpStats, SourceWarning } from '../lookup/source.js';
import type { SourcesOption } from '../lookup/source-choice.js';
import type { AlertLookup } from '../lookup/sources-lookup.js';
import { removingOwnAnswer } from '../payload/own-answer.js';
import { type AlertReference, type EndpointReference, findingAlerts } from '../payload/references.js';
import { type Attachment, attachingRelatedIps } from '../payload/splice.js';
import type { QuotaView } from '../quota/ledger.js';
import type { Quota } from '../quota/quota.js';
import { answerTooLarge, mostAnswerBytes } from './answer-limit.js';
import { byInterest, type Listing, listingOf } from './order.js';
import {
  alertEntries,
  countsOf,
  type Enrichment,
  type ForwardReceipt,
  type LookupResult,
  relatedIps,
  statusOf,
} from './result.js';
import { addStats, type KnownStats, withStats } from './statistics.js';

/** The quotas of sources, by the source's name. */
export type QuotasByName = Readonly<Record<string, Pick<Quota, 'view'>>>;

/** What enriching needs. */
export interface Enricher {
  readonly clock: Clock;
  readonly lookup: AlertLookup;
  readonly statsLookup: Pick<Lookup<IpStats>, 'find'>;
  /** Of the source that is asked first. */
  readonly quota: Quota;
  /** Of every source by its name, where it is not Defender alone. */
  readonly quotas?: QuotasByName;
  /** What the sources have noticed that a caller should know; nothing unless given. */
  readonly warnings?: () => readonly SourceWarning[];
  /** Origin of the portal that shows alerts, for links in comments. */
  readonly portal?: string;
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
  /** Statistics that there are already, of a job. */
  readonly knownStats?: KnownStats;
  /** `public`: other addresses are counted, and not listed. */
  readonly scope: 'all' | 'public';
}

/** A result, and the posted text with it. */
export interface EnrichedPayload {
  readonly enrichment: Enrichment;
  /**
   * The payload as posted, with `relatedIps` in each alert that was answered. Made when a form shows it.
   * @throws {RequestError} `answer-too-large`
   */
  alertText(): string | Promise<string>;
  /** As it was posted, for forms that give a whole event back. */
  readonly posted?: Posted;
  /** In the answer to whoever had it forwarded; what is forwarded has none. */
  readonly delivery?: ForwardReceipt;
  /** Why lookups failed, each error once: for the log. */
  readonly errors?: readonly EnrichmentError[];
  /** Faults of the app itself among the lookups of statistics, for the log. */
  readonly faults?: readonly EnrichmentError[];
  /** Origin of the portal that shows alerts. */
  readonly portal?: string;
}

/** The alerts of a payload, and what became of their lookups, by alert id. */
export interface LookedUp {
  readonly references: readonly AlertReference[];
  readonly results: ReadonlyMap<string, LookupResult>;
}

/**
 * The alerts in what was posted.
 * @param canAsk whether another product's alert can be looked up; none of them unless given
 * @throws {RequestError} when there is none
 */
export function recognised(
  { payload }: Posted,
  canAsk?: (alertId: string) => boolean,
): Promise<readonly AlertReference[]> {
  return inTurns(findingAlerts(payload, canAsk));
}

/** The first half of the story: looks the alerts up. A failed lookup is part of the result. */
export async function lookUp(
  { lookup }: Pick<Enricher, 'lookup'>,
  references: readonly AlertReference[],
  deadline: Deadline,
  sources?: SourcesOption,
): Promise<LookedUp> {
  return { references, results: await lookUpAll(lookup, alertIdsIn(references), deadline, sources) };
}

/** The second half: what came of it. For a job it comes long after the first one. */
export async function attach(
  {
    clock,
    statsLookup,
    quota,
    quotas,
    warnings,
    portal,
  }: Omit<Enricher, 'lookup' | 'quota'> & {
    readonly quota: Pick<Quota, 'view'>;
  },
  posted: Posted,
  { references, results }: LookedUp,
  { id, stats, knownStats, scope }: EnrichOptions,
  deadline: Deadline,
): Promise<EnrichedPayload> {
  const all = await inTurns(relatedIps(references, results));
  const wanted = scope === 'public' ? all.filter((ip) => ip.scope === 'public') : all;
  const known = knownStats ? withStats(wanted, knownStats) : wanted;
  const faults: EnrichmentError[] = [];
  const noteFault = (error: EnrichmentError) => void (error.kind === 'internal-error' && faults.push(error));
  const { ips, ...summary } = stats
    ? await addStats(statsLookup, known, deadline, noteFault)
    : { ips: known };
  const shown = [...ips].sort(byInterest);
  const listing = listingOf(shown);
  const alerts = await inTurns(alertEntries(references, results, clock.monotonicMs(), listing));
  const errors = new Set(
    [...results.values()].flatMap((result) => ('error' in result ? [result.error] : [])),
  );
  const warned = warnings?.() ?? [];
  let alertText: Promise<string> | undefined;
  return {
    enrichment: {
      id,
      status: statusOf(alerts),
      counts: countsOf(all),
      ips: shown,
      alerts,
      ...summary,
      ...(warned.length > 0 ? { warnings: warned } : {}),
      quota: quota.view(),
      ...(quotas ? { quotas: viewsOf(quotas) } : {}),
    },
    alertText: () => {
      alertText ??= textWith(posted, attachments(references, results, listing), listing);
      return alertText;
    },
    posted,
    errors: [...errors],
    faults,
    ...(portal === undefined ? {} : { portal }),
  };
}

function viewsOf(quotas: QuotasByName): Readonly<Record<string, QuotaView>> {
  return Object.fromEntries(Object.entries(quotas).map(([name, quota]) => [name, quota.view()]));
}

/** The posted text with its attachments; of an answer of this app that was posted again, only its alert. */
async function textWith(posted: Posted, attached: readonly Attachment[], listing: Listing): Promise<string> {
  const most = mostAnswerBytes(posted.text.length);
  const text = await inTurns(attachingRelatedIps(posted.text, attached, most, listing));
  if (text === undefined) throw answerTooLarge(most);
  return inTurns(removingOwnAnswer(text, posted.payload));
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
  lookup: AlertLookup,
  alertIds: readonly string[],
  deadline: Deadline,
  sources: SourcesOption | undefined,
): Promise<ReadonlyMap<string, LookupResult>> {
  const pace = new Pace();
  const lookups: Promise<LookupResult>[] = [];
  for (const alertId of alertIds) {
    if (pace.isPauseDue) await pace.pause();
    lookups.push(
      lookup.find(alertId, deadline, sources).then(
        (found): LookupResult => ({ ok: true, found }),
        (error): LookupResult => ({ ok: false, error: asEnrichmentError(error) }),
      ),
    );
  }
  const results = await Promise.all(lookups);
  return new Map(alertIds.map((alertId, index) => [alertId, results[index] as LookupResult]));
}

/**
 * Only a source's addresses are attached, or its word that there are none: what failed, and what the source
 * does not know, stays as it was posted.
 */
function attachments(
  references: readonly AlertReference[],
  results: ReadonlyMap<string, LookupResult>,
  listing: Listing,
): Attachment[] {
  return references.flatMap((reference) => {
    if (reference.kind !== 'endpoint' || !reference.attachTo) return [];
    const result = results.get(reference.alertId);
    if (!result?.ok || result.found.answer.status === 'not_found') return [];
    return [{ path: reference.attachTo, ips: listing(result.found.answer.ips) }];
  });
}
