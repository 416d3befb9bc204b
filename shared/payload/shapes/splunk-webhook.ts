import { each } from '../addresses.js';
import { isObject, member } from '../json.js';
import { ROW_COLUMNS, rowFacts, rowOfObject } from '../rows.js';
import { objectCandidate, type Shape } from '../shape.js';

/** Fields of flattened alerts, as Splunk's add-ons for Microsoft's APIs name them. */
const ADDRESSES = ['evidence{}.ipAddress', 'entities{}.ipAddress'];

/**
 * Splunk's webhook alert action: the first row of the search, all values strings or, where a field has
 * several, lists of them: https://docs.splunk.com/Documentation/Splunk/latest/Alert/Webhooks
 */
export const splunkWebhook: Shape = {
  name: 'splunk-webhook',
  title: 'Splunk alert webhook',
  where:
    `\`result\`: ${ROW_COLUMNS}; else any field that is an alert id, and \`_raw\`; ` +
    'never `sid`, `SystemAlertId`',
  seen: 'Splunk’s webhook alert action; notables of Enterprise Security',
  telltales: ['sid'],
  never: ['sid'],
  find: (payload, texts) => {
    const result = member(payload, 'result');
    if (typeof member(payload, 'sid') !== 'string' || !isObject(result)) return undefined;
    const facts = rowFacts(rowOfObject(result), texts);
    return [
      objectCandidate(['result'], {
        ...facts,
        ids: facts?.ids ?? [],
        ips: each(facts?.ips, ...ADDRESSES.map((name) => member(result, name))),
      }),
    ];
  },
};
