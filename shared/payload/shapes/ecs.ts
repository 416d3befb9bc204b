import { alertIdIn } from '../../base/alert-id.js';
import { each } from '../addresses.js';
import { member } from '../json.js';
import { objectCandidate, type Shape } from '../shape.js';

/** Where Elastic's integrations for Microsoft's alerts keep what they read, and the product whose it is. */
const INTEGRATIONS: readonly (readonly [dataset: RegExp, member: string, product: string])[] = [
  [
    /^(?:microsoft_defender_endpoint|microsoft\.defender_atp|defender_atp)\b/,
    'microsoft.defender_endpoint',
    'Microsoft Defender for Endpoint',
  ],
  [/^(?:microsoft\.)?m365_defender\b/, 'm365_defender', 'Microsoft 365 Defender'],
];

/**
 * Where the alert's id is in their data sets, best first; of an incident's document `event.id` is the
 * incident.
 */
const ALERTS = ['m365_defender.alert', 'm365_defender.incident.alert', 'm365_defender.event.alert'];
const IDS = [
  'event.id',
  ...ALERTS.flatMap((alert) => [`${alert}.id`, `${alert}.provider_alert_id`]),
  'kibana.alert.original_event.id',
];
const LINKS = [
  'event.url',
  'event.reference',
  ...ALERTS.map((alert) => `${alert}.alert_web_url.original`),
  ...ALERTS.map((alert) => `${alert}.web_url.original`),
];
const PRODUCTS = [
  'observer.product',
  'event.provider',
  ...ALERTS.map((alert) => `${alert}.service_source`),
  'm365_defender.event.service_source',
];
const DATASETS = ['event.dataset', 'data_stream.dataset', 'kibana.alert.original_event.dataset'];
const ADDRESSES = ['related.ip', 'source.ip', 'destination.ip'];

/**
 * The values of `event.kind`: https://www.elastic.co/guide/en/ecs/current/ecs-allowed-values-event-kind.html
 */
const KINDS = ['alert', 'signal', 'asset', 'enrichment', 'event', 'metric', 'state', 'pipeline_error'];
const KINDS_OF_ALERTS: ReadonlySet<unknown> = new Set(['alert', 'signal']);

/** What makes a document one of ECS, beside a data set. */
const SIGNS = ['event.original', 'ecs.version', ...INTEGRATIONS.map(([, name]) => name), ...IDS.slice(1)];

/**
 * A document in the Elastic Common Schema, nested or with dotted names, by itself or as a search hit's
 * `_source` or `fields`: https://www.elastic.co/guide/en/ecs/current/ecs-event.html
 */
export const ecs: Shape = {
  name: 'ecs',
  title: 'Elastic ECS document',
  where:
    '`event.id`, `m365_defender.alert.id`, `m365_defender.incident.alert.id`, `m365_defender.event.alert.id`, each ' +
    '`.provider_alert_id`, `kibana.alert.original_event.id`, the page’s address in `event.url`, `event.reference`, ' +
    '`alert_web_url`; product from `observer.product`, `event.provider`, `service_source`, `event.dataset`, ' +
    '`data_stream.dataset`',
  seen: 'Elastic’s integrations m365_defender and microsoft_defender_endpoint, Kibana’s alerts and webhooks',
  telltales: ['_source', 'fields', ...[...DATASETS, 'event.kind', ...SIGNS].flatMap(beginningsOf)],
  find: (payload) => {
    const place = ['_source', 'fields'].find((name) => isDocument(member(payload, name)));
    const document = place === undefined ? payload : member(payload, place);
    if (place === undefined && !isDocument(document)) return undefined;
    const ids = IDS.flatMap((name) => valuesOf(document, name));
    const dataset = DATASETS.flatMap((name) => valuesOf(document, name)).find(isText);
    const kind = valuesOf(document, 'event.kind')[0];
    // A process event of the same data set is none, unless it says itself which alert it is of.
    const isOfAlert = kind === undefined || KINDS_OF_ALERTS.has(kind) || ids.some((id) => alertIdIn(id));
    if (!isOfAlert) return [];
    const products = PRODUCTS.flatMap((name) => valuesOf(document, name));
    return [
      objectCandidate(place === undefined ? [] : [place], {
        ids,
        links: LINKS.flatMap((name) => valuesOf(document, name)),
        products: [...products, ...productOf(document, dataset, ids, kind)],
        ips: each(...ADDRESSES.map((name) => field(document, name))),
      }),
    ];
  },
};

function isDocument(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (DATASETS.some((name) => valuesOf(value, name).some(isText))) return true;
  if (KINDS.some((kind) => valuesOf(value, 'event.kind').includes(kind))) return true;
  return SIGNS.some((name) => field(value, name) !== undefined);
}

/** A field's value, or several: search hits have a list of them. */
function valuesOf(document: unknown, name: string): readonly unknown[] {
  const value = field(document, name);
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.slice(0, 100) : [value];
}

/** The value of a field, whether its name is written nested (`{"event":{"id"}}`), dotted, or partly so. */
function field(value: unknown, name: string): unknown {
  const whole = member(value, name);
  if (whole !== undefined) return whole;
  for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
    const inner = member(value, name.slice(0, dot));
    const found = inner === undefined ? undefined : field(inner, name.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a field's name can begin with in a document: `a`, `a.b`, `a.b.c`. */
function beginningsOf(name: string): string[] {
  const parts = name.split('.');
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

/**
 * The product whose data set it is. Anybody can name a data set anything, so an unlisted name stands for a
 * product only of an alert, and beside a foreign id.
 */
function productOf(
  document: unknown,
  dataset: string | undefined,
  ids: readonly unknown[],
  kind: unknown,
): string[] {
  for (const [pattern, name, product] of INTEGRATIONS) {
    if (dataset === undefined ? field(document, name) !== undefined : pattern.test(dataset)) return [product];
  }
  const isForeign = KINDS_OF_ALERTS.has(kind) && !ids.some((id) => alertIdIn(id));
  return dataset !== undefined && isForeign ? [dataset] : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
