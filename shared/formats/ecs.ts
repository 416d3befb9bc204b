import { inTurns, type Steps } from '../base/steps.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import type { AlertEntry, RelatedIp } from '../enrichment/result.js';
import { memberText, withMember } from '../payload/members.js';
import { isWhole, type PostedEvent, postedEvent, withAppended } from './event.js';
import type { Format, Piece } from './format.js';
import { jsonPieces, listOf } from './json-pieces.js';
import { answeredIps, whyUnanswered } from './texts.js';

/** A member of our own: ECS advises a proper name for custom fields (docs: "custom fields in ECS"). */
const OURS = 'alert_ip_enrichment';

/**
 * Elastic Common Schema: `related.ip` (https://www.elastic.co/docs/reference/ecs/ecs-related), what a source holds for
 * bad as `threat.enrichments` (https://www.elastic.co/docs/reference/ecs/ecs-threat), and what became of each alert
 * under a proper name.
 *
 * Where the payload was one ECS document, that document comes back with the addresses added to its own. Else
 * it is a fragment to be appended to a document (the `append` processor of an ingest pipeline): a partial
 * update would replace the document's `related.ip`. So both lists are left out while a lookup failed or there is
 * no address, and the fragment has no `@timestamp`, `event.*` or `ecs.version`, which the document knows
 * better.
 */
export const ecs: Format = {
  name: 'ecs',
  title: 'Elastic Common Schema',
  contentType: 'application/json',
  where: '`related.ip[]`',
  pieces: (enriched) => {
    const event = postedEvent(enriched, 'ecs');
    return event ? [inTurns(wholeEvent(enriched, event))] : fragmentPieces(enriched);
  },
};

function fragmentPieces(enriched: EnrichedPayload): Iterable<Piece> {
  const { status, ips, alerts } = enriched.enrichment;
  return jsonPieces({
    related: isWhole(enriched) ? { ip: listOf(ips, ({ address }) => address) } : undefined,
    threat:
      isWhole(enriched) && ips.some(isBad) ? { enrichments: listOf(ips.filter(isBad), toThreat) } : undefined,
    [OURS]: { status, alerts: listOf(alerts, toEntry) },
  });
}

function isBad({ evidence }: RelatedIp): boolean {
  return evidence?.verdict === 'malicious' || evidence?.verdict === 'suspicious';
}

function toThreat({ address, version, evidence: { verdict, roles, country } = {} }: RelatedIp) {
  return {
    indicator: {
      type: `ipv${version}-addr`,
      ip: address,
      description: `Verdict: ${verdict}${roles ? `; roles: ${roles.join(', ')}` : ''}`,
      ...(country === undefined ? {} : { geo: { country_iso_code: country } }),
    },
  };
}

function toEntry(alert: AlertEntry) {
  return {
    id: alert.alertId,
    status: alert.status,
    ips: answeredIps(alert),
    reason: whyUnanswered(alert),
    retry_after_seconds: alert.retryAfterSeconds,
  };
}

function* wholeEvent(enriched: EnrichedPayload, { text, document }: PostedEvent): Steps<string> {
  const { status, alerts } = enriched.enrichment;
  const whole = isWhole(enriched)
    ? yield* withThreats(enriched, yield* withRelated(enriched, text, document), document)
    : text;
  return yield* withMember(whole, OURS, JSON.stringify({ status, alerts: alerts.map(toEntry) }));
}

/**
 * The document with the addresses behind its own, in the spelling that it has: nested or with dotted names.
 */
function* withRelated(
  { enrichment }: EnrichedPayload,
  text: string,
  document: PostedEvent['document'],
): Steps<string> {
  const { 'related.ip': dotted, related } = document;
  const isNested = dotted === undefined && typeof related === 'object' && related !== null;
  const own = [dotted ?? (isNested ? (related as { readonly ip?: unknown }).ip : [])].flat();
  const known = new Set(own);
  const added = enrichment.ips.map(({ address }) => address).filter((address) => !known.has(address));
  if (added.length === 0) return text;
  const list = JSON.stringify([...own.filter((value) => value !== undefined && value !== null), ...added]);
  if (isNested && !Array.isArray(related)) {
    const own = (yield* memberText(text, 'related')) ?? '{}';
    return yield* withMember(text, 'related', yield* withMember(own, 'ip', list));
  }
  if (related === undefined && dotted === undefined)
    return yield* withMember(text, 'related', `{"ip":${list}}`);
  return yield* withMember(text, 'related.ip', list);
}

/** The same with the bad ones among them. */
function* withThreats(
  { enrichment }: EnrichedPayload,
  text: string,
  { threat, 'threat.enrichments': dotted }: PostedEvent['document'],
): Steps<string> {
  const own = [
    dotted ?? (threat as { readonly enrichments?: unknown } | null | undefined)?.enrichments,
  ].flat();
  const known = new Set(own.map(keyOf));
  const threats = enrichment.ips
    .filter(isBad)
    .map(toThreat)
    .filter((one) => !known.has(keyOf(one)));
  if (threats.length === 0) return text;
  if (threat === undefined && dotted === undefined)
    return yield* withMember(text, 'threat', JSON.stringify({ enrichments: threats }));
  if (dotted !== undefined || typeof threat !== 'object' || threat === null || Array.isArray(threat))
    return yield* withAppended(text, 'threat.enrichments', threats);
  const ownText = (yield* memberText(text, 'threat')) ?? '{}';
  return yield* withMember(text, 'threat', yield* withAppended(ownText, 'enrichments', threats));
}

/** What makes two entries the same: a document that was enriched before has ours already. */
function keyOf(threat: unknown): string {
  const { ip, description } =
    (threat as Partial<ReturnType<typeof toThreat>> | null | undefined)?.indicator ?? {};
  return JSON.stringify([ip, description]);
}
