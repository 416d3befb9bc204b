import type { HttpResponseInit } from '@azure/functions';
import { asEnrichmentError, errorOf, toProblem } from '../base/errors.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import { type Enrichment, type ForwardReceipt, soonestRetrySeconds } from '../enrichment/result.js';
import { render } from '../formats/render.js';
import { type Answered, type Logged, problemAnswer, retryAfterHeader } from './http-answer.js';
import type { Options } from './options.js';

/**
 * The enriched payload in the format asked for, or a problem where the caller wants one. An answer that would
 * be too large is a problem as well: what was forwarded is named in it.
 */
export async function enrichmentAnswer(
  enriched: EnrichedPayload,
  options: Pick<Options, 'format' | 'onFailure'>,
): Promise<Answered> {
  const { enrichment, delivery } = enriched;
  const logged = loggedOf(enriched);
  if (isProblem(enrichment, options.onFailure)) return { ...failedAnswer(enriched), logged };
  try {
    const body = await render(options.format, enriched);
    return { status: 200, headers: headersOf(enriched, options.format.contentType), body, logged };
  } catch (thrown) {
    const error = asEnrichmentError(thrown);
    const answer = problemAnswer(toProblem(error), enrichment.id, undefined, delivery ? { delivery } : {});
    return { ...answer, logged: { error, faults: [...logged.faults, error] } };
  }
}

function headersOf({ enrichment, delivery }: EnrichedPayload, contentType: string): Record<string, string> {
  const { status, alerts, statsMissing } = enrichment;
  return {
    'Content-Type': contentType,
    'Enrichment-Status': status, // the pure lists of some formats have no place for it
    ...(statsMissing === undefined ? {} : { 'x-stats-missing': String(statsMissing) }),
    ...deliveryHeaders(delivery),
    ...retryAfterHeader(soonestRetrySeconds(alerts)),
  };
}

/** For the formats that have no place for `delivery`. */
function deliveryHeaders(delivery: ForwardReceipt | undefined): Record<string, string> {
  return delivery ? { 'Delivery-Id': delivery.id, 'Delivery-Status': delivery.status } : {};
}

/** Whether the caller is answered a problem: then nothing has been accepted. */
export function isProblem({ status }: Enrichment, onFailure: Options['onFailure']): boolean {
  if (onFailure === 'degrade') return false;
  return status === 'failed' || (status === 'partial' && onFailure === 'fail');
}

/** Which of several problems is returned: the one that a retry helps first. */
const PRECEDENCE = [429, 503, 504, 502];

/** The first by precedence. */
function foremost<T>(failures: readonly T[], statusOf: (failure: T) => number): T | undefined {
  for (const status of PRECEDENCE) {
    const found = failures.find((failure) => statusOf(failure) === status);
    if (found) return found;
  }
  return failures[0];
}

/** A fault of the app itself is logged before all others, then what a problem would say. */
function loggedOf({ errors = [], faults = [] }: EnrichedPayload): Logged {
  const ours = errors.filter(({ kind }) => kind === 'internal-error');
  return { error: ours[0] ?? foremost(errors, ({ status }) => status), faults: [...ours, ...faults] };
}

function failedAnswer({ enrichment: { id, alerts }, delivery }: EnrichedPayload): Answered {
  const failed = alerts.filter((entry) => entry.status === 'failed');
  const told = foremost(failed, ({ error }) => error.status);
  if (!told) throw new TypeError('a failed enrichment has a failed alert');
  const alike = failed.filter(({ error }) => error.status === told.error.status);
  const summary = failed.map(({ alertId, error, retryAfterSeconds }) => ({
    alertId,
    type: error.type,
    retryAfterSeconds,
  }));
  // Only a job has forwarded what is answered as a problem: it was accepted with its 202.
  const more = { failedAlerts: summary, ...(delivery ? { delivery } : {}) };
  return problemAnswer(told.error, id, soonestRetrySeconds(alike), more);
}

/** A job's answer as it was kept; of a problem, the log has the kind and the detail. */
export function keptAnswer(
  answer: Readonly<Pick<HttpResponseInit, 'status' | 'headers'> & { body: string }>,
): Answered {
  if ((answer.status ?? 200) < 400) return { ...answer };
  const error = errorOf(JSON.parse(answer.body));
  return { ...answer, ...(error ? { logged: { error, faults: [] } } : {}) };
}
