import { isObject, member } from '../json.js';
import { rowFacts, rowOf } from '../rows.js';
import { eachOf, objectCandidate, type Shape } from '../shape.js';

/**
 * What Defender XDR's streaming API exports: records of many tables, of which `AlertInfo` and
 * `AlertEvidence` repeat one alert's id: https://learn.microsoft.com/defender-xdr/streaming-api-event-hub
 */
export const xdrStreaming: Shape = {
  name: 'xdr-streaming',
  title: 'Defender XDR streaming export',
  where: '`records[].properties.AlertId` where `category` is `AdvancedHunting-Alert…`',
  telltales: ['records'],
  find: (payload) => {
    const records = member(payload, 'records');
    if (!Array.isArray(records) || !records.some(isExported)) return undefined;
    return eachOf(records, (record, index) => {
      if (!isExported(record) || !/-Alert/i.test(String(member(record, 'category')))) return undefined;
      const properties = member(record, 'properties');
      const facts = isObject(properties) ? rowFacts(rowOf(Object.entries(properties))) : undefined;
      return facts && objectCandidate(['records', index, 'properties'], facts);
    });
  },
};

function isExported(record: unknown): boolean {
  const category = member(record, 'category');
  return typeof category === 'string' && /^AdvancedHunting-/i.test(category);
}
