import { inTurns, type Steps } from '../base/steps.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import type { AlertEntry, RelatedIp } from '../enrichment/result.js';
import { isWhole, type PostedEvent, postedEvent, withAppended } from './event.js';
import type { Format } from './format.js';
import { jsonPieces, listOf } from './json-pieces.js';
import { answeredIps, whyUnanswered } from './texts.js';

/** `observable.type_id`: https://schema.ocsf.io/objects/observable */
const IP_ADDRESS = { type_id: 2, type: 'IP Address' };

/**
 * Where the addresses are in the event, as OCSF's validators follow a name: attributes with dots between, no
 * index of a list, and nothing below `data`, which is free-form (https://github.com/ocsf/ocsf-docs, "Defining
 * and Using Observables").
 */
const PLACE = 'enrichments.data';

/**
 * OCSF: `observables` (https://schema.ocsf.io/objects/observable) and `enrichments`
 * (https://schema.ocsf.io/objects/enrichment), attributes of the base event.
 *
 * Where the payload was one finding, that finding comes back with both added to its own. Else it is a
 * fragment to be appended to an event of any class: it is no event by itself, since a Detection Finding
 * (2004) demands a severity, a title and a product version, which are the posted alert's. `observables` is
 * left out while a lookup failed or there is no address.
 *
 * Each enrichment names the finding that it pertains to by `finding_info.uid`, which is the alert's id, and
 * says what became of it.
 */
export const ocsf: Format = {
  name: 'ocsf',
  title: 'OCSF observables',
  contentType: 'application/json',
  where: '`observables[].value`, `enrichments[].data.ips[]`',
  pieces: (enriched) => {
    const event = postedEvent(enriched, 'ocsf-finding');
    if (event) return [inTurns(wholeEvent(enriched, event))];
    const { ips, alerts } = enriched.enrichment;
    return jsonPieces({
      observables: isWhole(enriched) ? listOf(ips, toObservable) : undefined,
      enrichments: listOf(alerts, toEnrichment),
    });
  },
};

function* wholeEvent(enriched: EnrichedPayload, { text, document }: PostedEvent): Steps<string> {
  const { ips, alerts } = enriched.enrichment;
  const own = new Set([document.observables].flat().map(addressOf));
  const added = isWhole(enriched) ? ips.filter(({ address }) => !own.has(address)).map(toObservable) : [];
  const observed = yield* withAppended(text, 'observables', added);
  return yield* withAppended(observed, 'enrichments', alerts.map(toEnrichment));
}

/** The address that an observable of ours holds already: of an event that was enriched before. */
function addressOf(observable: unknown): unknown {
  const { name, value } = (observable ?? {}) as { readonly name?: unknown; readonly value?: unknown };
  return name === PLACE ? value : undefined;
}

function toObservable({ address }: RelatedIp) {
  return { name: PLACE, ...IP_ADDRESS, value: address };
}

function toEnrichment(alert: AlertEntry) {
  return {
    name: 'finding_info.uid',
    value: alert.alertId ?? '', // OCSF requires a value; the pointer then says which alert is meant
    type: 'related-ips',
    provider: 'Microsoft Defender for Endpoint',
    data: {
      status: alert.status,
      pointer: alert.pointer,
      ips: answeredIps(alert),
      reason: whyUnanswered(alert),
      retry_after_seconds: alert.retryAfterSeconds,
    },
  };
}
