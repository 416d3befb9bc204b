import { isAnyAlertId } from '../../base/alert-id.js';
import { inside, member } from '../json.js';
import { objectCandidate, type Shape } from '../shape.js';

/** Datasets of Elastic's integrations for Microsoft's alerts, and the product whose they are. */
const DATASETS: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:microsoft_defender_endpoint|microsoft\.defender_atp|defender_atp)\b/,
    'Microsoft Defender for Endpoint',
  ],
  [/^m365_defender\b/, 'Microsoft 365 Defender'],
];

/**
 * A document in the Elastic Common Schema, nested or with dotted names, by itself or as a search hit's
 * `_source`: https://www.elastic.co/guide/en/ecs/current/ecs-event.html
 */
export const ecs: Shape = {
  name: 'ecs',
  title: 'Elastic ECS document',
  where:
    '`event.id`, `m365_defender.alert.id`, `.provider_alert_id`, `event.url`, `event.reference`; ' +
    'product from `observer.product`, `event.provider`, `event.dataset`',
  telltales: ['event', 'event.dataset', '_source'],
  find: (payload) => {
    const source = member(payload, '_source');
    const document = source ?? payload;
    const dataset = field(document, 'event.dataset');
    if (typeof dataset !== 'string') return undefined;
    const ids = ['event.id', 'm365_defender.alert.id', 'm365_defender.alert.provider_alert_id'].map((name) =>
      field(document, name),
    );
    return [
      objectCandidate(source === undefined ? [] : ['_source'], {
        ids,
        links: [field(document, 'event.url'), field(document, 'event.reference')],
        products: [
          field(document, 'observer.product'),
          field(document, 'event.provider'),
          product(dataset, ids),
        ],
        ips: ['related.ip', 'source.ip', 'destination.ip'].flatMap((name) => field(document, name)),
      }),
    ];
  },
};

/** The value of a field, whether its name is written nested (`{"event":{"id"}}`) or dotted (`{"event.id"}`). */
function field(document: unknown, name: string): unknown {
  return member(document, name) ?? inside(document, ...name.split('.'));
}

/** Anybody can name a dataset anything, so an unlisted name stands for a product only beside a foreign id. */
function product(dataset: string, ids: readonly unknown[]): string | undefined {
  const listed = DATASETS.find(([pattern]) => pattern.test(dataset))?.[1];
  return listed ?? (ids.some(isAnyAlertId) ? undefined : dataset);
}
