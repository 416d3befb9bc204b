import type { Deadline } from '../base/deadline.js';
import { EnrichmentError } from '../base/errors.js';
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
import type { Job } from './job.js';

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
 * @param retryAtMs when asking for the alerts that are missing is worth while, on the monotonic clock
 */
export async function composeAnswer(
  enricher: Omit<Enricher, 'lookup'> & { readonly wantedScope: (query: string) => EnrichOptions['scope'] },
  { job, text, alertIds, answers }: Composition,
  { stats, retryAtMs }: { readonly stats: boolean; readonly retryAtMs: number },
  deadline: Deadline,
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
    if (!failure) return { ok: false, error: notYet(retryAtMs) };
    const { kind, message, upstream, passes } = failure;
    const facts = { ...(upstream ? { upstream } : {}), ...(passes ? { retryAtMs } : {}) };
    return { ok: false, error: new EnrichmentError(kind, message, facts) };
  };
  const lookedUp: LookedUp = {
    references,
    results: new Map(alertIdsIn(references).map((alertId) => [alertId, result(places.get(alertId))])),
  };
  return attach(
    enricher,
    { text, payload },
    lookedUp,
    { id: job.id, stats, scope: enricher.wantedScope(job.query) },
    deadline,
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
