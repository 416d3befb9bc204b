import type { AlertEntry } from '../enrichment/result.js';
import type { Format } from './format.js';
import { whyUnanswered } from './unanswered.js';

/** `observable.type_id`: https://schema.ocsf.io/objects/observable */
const IP_ADDRESS = { type_id: 2, type: 'IP Address' };

/**
 * OCSF: `observables` (https://schema.ocsf.io/objects/observable) and `enrichments`
 * (https://schema.ocsf.io/objects/enrichment). Both are attributes of the base event, so that they can be
 * merged into an event of any class. It is no event by itself: a Detection Finding (2004) demands a
 * severity, a title and a product version, which are the posted alert's to tell and not ours to make up.
 *
 * Each enrichment names the finding that it pertains to by `finding_info.uid`, which is the alert's id,
 * and says what became of it; `name` of each observable points there.
 */
export const ocsf: Format = {
  name: 'ocsf',
  title: 'OCSF observables',
  contentType: 'application/json',
  where: '`observables[].value`, `enrichments[].data.ips[]`',
  render: ({ enrichment }) =>
    JSON.stringify({
      observables: enrichment.ips.map(({ address }) => ({
        name: 'enrichments[].data.ips',
        ...IP_ADDRESS,
        value: address,
      })),
      enrichments: enrichment.alerts.map(toEnrichment),
    }),
};

function toEnrichment(alert: AlertEntry) {
  return {
    name: 'finding_info.uid',
    value: alert.alertId ?? '', // OCSF requires a value; the pointer then says which alert is meant
    type: 'related-ips',
    provider: 'Microsoft Defender for Endpoint',
    data: {
      status: alert.status,
      pointer: alert.pointer,
      ips: alert.ips,
      reason: whyUnanswered(alert),
      retry_after_seconds: alert.retryAfterSeconds,
    },
  };
}
