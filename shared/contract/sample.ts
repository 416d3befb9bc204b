import { atOnce } from '../base/steps.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import { listingOf } from '../enrichment/order.js';
import { alertEntries, countsOf, type LookupResult, relatedIps, statusOf } from '../enrichment/result.js';
import { FORMATS } from '../formats/index.js';
import { findAlerts } from '../payload/references.js';
import { attachRelatedIps } from '../payload/splice.js';
import type { Example } from './operation.js';
import { PAYLOADS } from './payloads.js';

/** What Microsoft's own page shows as an alert's addresses. */
export const EXAMPLE_IPS = ['104.80.104.128', '23.203.232.228'];

/** The first example payload, enriched by the code that enriches payloads. */
function enrichedSample(): EnrichedPayload {
  const { value } = PAYLOADS['mde-alert/negative-suffix'];
  const references = findAlerts(value);
  const found = { answer: { status: 'found', ips: EXAMPLE_IPS, unusable: [] }, ageSeconds: 0 } as const;
  const result: LookupResult = { ok: true, found };
  const results = new Map([[value.id, result]]);
  const ips = atOnce(relatedIps(references, results));
  const alerts = atOnce(alertEntries(references, results, 0, listingOf(ips)));
  const alertText = attachRelatedIps(JSON.stringify(value), [{ path: [], ips: EXAMPLE_IPS }]);
  return {
    enrichment: {
      id: '0b7f4a1e-2c3d-4e5f-8a9b-0c1d2e3f4a5b',
      status: statusOf(alerts),
      counts: countsOf(ips),
      ips,
      alerts,
      quota: {
        asOf: '2026-11-23T18:00:00.000Z',
        minute: { limit: 100, remaining: 99 },
        hour: { limit: 1500, remaining: 1499 },
      },
    },
    alertText: () => alertText,
  };
}

/** The answer to it in each form, by media type without parameters and the form's name. */
export function formatExamples(): Map<string, Record<string, Example>> {
  const sample = enrichedSample();
  const byType = new Map<string, Record<string, Example>>();
  for (const { name, title, contentType, pieces } of FORMATS) {
    const mediaType = contentType.split(';')[0] as string;
    const text = [...pieces(sample)].join('');
    const value = mediaType.endsWith('json') ? JSON.parse(text) : text;
    byType.set(mediaType, { ...byType.get(mediaType), [name]: { summary: title, value } });
  }
  return byType;
}
