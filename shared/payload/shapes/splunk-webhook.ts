import { isEndpointAlertId } from '../../base/alert-id.js';
import { isObject, member } from '../json.js';
import { ROW_COLUMNS, rowFacts, rowOf } from '../rows.js';
import { objectCandidate, type Shape } from '../shape.js';

/** Fields of flattened alerts, as Splunk's add-ons for Microsoft's APIs name them. */
const ADDRESSES = ['evidence{}.ipAddress', 'entities{}.ipAddress'];

/** Fields that are never an alert's id for Defender, whatever is in them. */
const NEVER = /^(?:system_?alert|machine|device|detector|incident)_?id$/i;

/**
 * Splunk's webhook alert action: the first row of the search, all values strings or, where a field has
 * several, lists of them: https://docs.splunk.com/Documentation/Splunk/latest/Alert/Webhooks
 */
export const splunkWebhook: Shape = {
  name: 'splunk-webhook',
  title: 'Splunk alert webhook',
  where:
    `\`result\`: any field that is an alert id, first of all ${ROW_COLUMNS}; ` +
    'never `sid`, `SystemAlertId`',
  telltales: ['sid'],
  find: (payload) => {
    const result = member(payload, 'result');
    if (typeof member(payload, 'sid') !== 'string' || !isObject(result)) return undefined;
    const fields = Object.entries(result);
    const facts = rowFacts(rowOf(fields));
    return [
      objectCandidate(['result'], {
        ...facts,
        ids: [...(facts?.ids ?? []), ...otherIds(fields)],
        ips: [...(facts?.ips ?? []), ...ADDRESSES.flatMap((name) => member(result, name))],
      }),
    ];
  },
};

function otherIds(fields: readonly (readonly [name: string, value: unknown])[]): unknown[] {
  return fields
    .filter(([name, value]) => isEndpointAlertId(value) && !NEVER.test(name))
    .map(([, value]) => value);
}
