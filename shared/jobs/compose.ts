import type { Deadline } from '../deadline.js';
import { alertIdsIn, attach, type EnrichedPayload, type Enricher, type LookedUp } from '../enrich.js';
import type { LookupResult } from '../enrichment.js';
import { EnrichmentError } from '../errors.js';
import { parseJson } from '../payload/json.js';
import { findAlerts } from '../payload/references.js';
import type { Answers } from './answers.js';
import type { Job } from './job.js';

/**
 * The answer of a job: what the request would have been answered, had it waited. It may be asked for
 * before the job has ended; alerts that it has not come to then count as failed for now.
 *
 * @param retryAtMs when the alerts that are missing are likely to be there, on the monotonic clock
 */
export function composeAnswer(
  enricher: Omit<Enricher, 'lookup'>,
  { job, text, answers }: { readonly job: Job; readonly text: string; readonly answers: Answers },
  { stats, retryAtMs }: { readonly stats: boolean; readonly retryAtMs: number },
  deadline: Deadline,
): Promise<EnrichedPayload> {
  const payload = parseJson(text);
  const references = findAlerts(payload);
  const alertIds = alertIdsIn(references);
  const failed = new Map(job.failures.flatMap((failure) => failure.indices.map((index) => [index, failure])));
  const result = (index: number): LookupResult => {
    const found = answers.get(index);
    if (found) return { ok: true, found };
    const failure = failed.get(index);
    if (!failure) return { ok: false, error: notYet(retryAtMs) };
    const { kind, message, upstream } = failure;
    return { ok: false, error: new EnrichmentError(kind, message, upstream ? { upstream } : {}) };
  };
  const lookedUp: LookedUp = {
    references,
    results: new Map(alertIds.map((alertId, index) => [alertId, result(index)])),
  };
  return attach(enricher, { text, payload }, lookedUp, { id: job.id, stats }, deadline);
}

function notYet(retryAtMs: number): EnrichmentError {
  return new EnrichmentError('not-looked-up-yet', 'This alert waits for its turn. Ask again later.', {
    retryAtMs,
  });
}
