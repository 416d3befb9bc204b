import { withDeadline } from '../base/deadline.js';
import { DeadlineError, EnrichmentError } from '../base/errors.js';
import { inTurns } from '../base/steps.js';
import {
  alertIdsIn,
  attach,
  type EnrichedPayload,
  type Enricher,
  type EnrichOptions,
  type LookedUp,
} from '../enrichment/enrich.js';
import type { LookupResult } from '../enrichment/result.js';
import { parsingJson } from '../payload/json.js';
import { findingAlerts } from '../payload/references.js';
import type { Answers } from './answers.js';
import { ANSWERED, type Job, placesOf } from './job.js';
import { type KnownStats, knownOnly } from './stats.js';

/** A deadline for what asks nobody. */
const COMPOSING_MS = 20_000;

/** What composing an answer needs. */
export interface ComposeParts extends Omit<Enricher, 'lookup' | 'statsLookup'> {
  /** Which addresses the options in a job's query ask for. */
  readonly wantedScope: (query: string) => EnrichOptions['scope'];
}

/** What an answer is composed of. */
export interface Composition {
  readonly job: Job;
  /** The payload as posted. */
  readonly text: string;
  /** The job's own alerts, by their places. */
  readonly alertIds: readonly string[];
  readonly answers: Answers;
}

/**
 * The answer of a job: what the request would have been answered, had it waited. It may be asked for
 * before the job has ended; alerts that it has not come to then count as failed for now.
 *
 * Alerts are found anew in the payload, perhaps by a later version of the app than the one that gave them
 * their places: so a place is looked up by the alert's id.
 *
 * Nobody is asked anything: statistics are those that the job has looked up.
 *
 * @param known absent: no statistics are wanted
 * @param retryAtMs when asking for the alerts that are missing is worth while, on the monotonic clock
 */
export async function composeAnswer(
  enricher: ComposeParts,
  { job, text, alertIds, answers }: Composition,
  { known, retryAtMs }: { readonly known?: KnownStats | undefined; readonly retryAtMs: number },
): Promise<EnrichedPayload> {
  const places = new Map(alertIds.map((alertId, place) => [alertId, place]));
  const payload = await inTurns(parsingJson(text));
  const references = await inTurns(findingAlerts(payload, (alertId) => places.has(alertId)));
  const failed = new Map(job.failures.flatMap((failure) => failure.indices.map((index) => [index, failure])));
  const result = (place: number | undefined): LookupResult => {
    if (place === undefined) return { ok: false, error: withoutPlace() };
    const found = answers.get(place);
    if (found) return { ok: true, found };
    const failure = failed.get(place);
    if (!failure) return { ok: false, error: job.progress[place] === ANSWERED ? lost() : notYet(retryAtMs) };
    const { kind, message, upstream, passes } = failure;
    const facts = { ...(upstream ? { upstream } : {}), ...(passes ? { retryAtMs } : {}) };
    return { ok: false, error: new EnrichmentError(kind, message, facts) };
  };
  const lookedUp: LookedUp = {
    references,
    results: new Map(alertIdsIn(references).map((alertId) => [alertId, result(places.get(alertId))])),
  };
  const { stats: knownStats = new Map(), failures = new Map() } = known ?? {};
  const made = { ...enricher, statsLookup: knownOnly({ stats: knownStats, failures }) };
  const scope = enricher.wantedScope(job.query);
  const options = { id: job.id, stats: known !== undefined, knownStats, scope };
  const tooLate = () => new DeadlineError('Nothing is asked any more.');
  return withDeadline(enricher.clock, COMPOSING_MS, tooLate, (deadline) =>
    attach(made, { text, payload }, lookedUp, options, deadline),
  );
}

/** How many alerts were answered whose answer is not there any more. */
export function lostAnswers({ job, answers }: Pick<Composition, 'job' | 'answers'>): number {
  return placesOf(job.progress, ANSWERED).filter((place) => !answers.has(place)).length;
}

function lost(): EnrichmentError {
  return new EnrichmentError(
    'job-failed',
    'The answer for this alert is gone from the storage account, or damaged. Post the alert again.',
  );
}

/** It will not be looked up by this job. */
function withoutPlace(): EnrichmentError {
  return new EnrichmentError(
    'job-failed',
    'The job does not know this alert: another version of the app began it, or what it is made of is gone. Post the alerts again.',
  );
}

function notYet(retryAtMs: number): EnrichmentError {
  return new EnrichmentError('not-looked-up-yet', 'This alert waits for its turn. Ask again later.', {
    retryAtMs,
  });
}
