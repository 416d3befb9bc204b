import { items, member } from '../json.js';
import type { Path } from '../path.js';
import { productNamed } from '../products.js';
import { type Candidate, objectCandidate, type Shape } from '../shape.js';

/**
 * TheHive's alert, or its webhook, which has it in `object`. `sourceRef` and `source` are free text.
 * https://docs.strangebee.com/thehive/api-docs/
 */
export const theHiveAlert: Shape = {
  name: 'thehive-alert',
  title: 'TheHive alert',
  where:
    '`sourceRef` if it is an alert id as a whole, `externalLink`; else custom fields, observables and the rest',
  seen: 'TheHive’s webhooks and API; feeders put the incident’s number or the alert’s id into `sourceRef`',
  isSourceFree: true,
  telltales: ['sourceRef', 'object'],
  find: (payload) => {
    if (isAlert(payload)) return [candidate(payload, [])];
    const object = member(payload, 'object');
    return isAlert(object) ? [candidate(object, ['object'])] : undefined;
  },
};

function isAlert(value: unknown): boolean {
  return typeof member(value, 'sourceRef') === 'string' && typeof member(value, 'source') === 'string';
}

function candidate(alert: unknown, path: Path): Candidate {
  const source = member(alert, 'source');
  return objectCandidate(path, {
    ids: [member(alert, 'sourceRef')],
    links: [member(alert, 'externalLink')],
    // Anybody can name a source anything; only names of products say something.
    products: productNamed([source])?.kind === 'unheard' ? [] : [source],
    ips: addressesOf(alert),
  });
}

function* addressesOf(alert: unknown): Generator<unknown> {
  for (const list of ['observables', 'artifacts']) {
    for (const observable of items(member(alert, list))) {
      if (member(observable, 'dataType') === 'ip') yield member(observable, 'data');
    }
  }
}
