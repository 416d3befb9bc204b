import type { AlertEntry } from '../enrichment/result.js';

/**
 * Why an alert has no answer of its own, as one sentence or two. Undefined for one that was answered:
 * only there does an empty list mean that there are no IPs.
 */
export function whyUnanswered({ status, reason, error }: AlertEntry): string | undefined {
  switch (status) {
    case 'found':
    case 'empty':
      return undefined;
    case 'not_found':
      return 'Defender for Endpoint does not know this alert.';
    case 'skipped':
      return reason;
    case 'failed':
      return `${error.title}. ${error.detail}`;
  }
}
