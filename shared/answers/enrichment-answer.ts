import type { HttpResponseInit } from '@azure/functions';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import { type Enrichment, type ForwardReceipt, soonestRetrySeconds } from '../enrichment/result.js';
import { problemAnswer, retryAfterHeader } from './http-answer.js';
import type { Options } from './options.js';

/** The enriched payload in the form asked for, or a problem where the caller wants one. */
export function enrichmentAnswer(
  enriched: EnrichedPayload,
  options: Pick<Options, 'format' | 'onFailure'>,
): HttpResponseInit {
  const { enrichment, delivery } = enriched;
  if (isProblem(enrichment, options.onFailure)) return failedAnswer(enriched);
  const retrySeconds = soonestRetrySeconds(enrichment.alerts);
  return {
    status: 200,
    headers: {
      'Content-Type': options.format.contentType,
      'Enrichment-Status': enrichment.status, // the pure lists of some forms have no place for it
      ...deliveryHeaders(delivery),
      ...retryAfterHeader(retrySeconds),
    },
    body: options.format.render(enriched),
  };
}

/** For the forms that have no place for `delivery`. */
function deliveryHeaders(delivery: ForwardReceipt | undefined): Record<string, string> {
  return delivery ? { 'Delivery-Id': delivery.id, 'Delivery-Status': delivery.status } : {};
}

/** Whether the caller is answered a problem: then nothing has been accepted. */
export function isProblem({ status }: Enrichment, onFailure: Options['onFailure']): boolean {
  if (onFailure === 'degrade') return false;
  return status === 'failed' || (status === 'partial' && onFailure === 'fail');
}

/** Which of several problems is told: the one that a retry mends first. */
const PRECEDENCE = [429, 503, 504, 502];

function failedAnswer({ enrichment: { id, alerts }, delivery }: EnrichedPayload): HttpResponseInit {
  const failed = alerts.filter((entry) => entry.status === 'failed');
  const byPrecedence = PRECEDENCE.flatMap((status) => failed.filter(({ error }) => error.status === status));
  const told = byPrecedence[0] ?? failed[0];
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
