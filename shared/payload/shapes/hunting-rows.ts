import { isObject, member } from '../json.js';
import { ROW_COLUMNS, rowFacts, rowOfObject } from '../rows.js';
import { objectCandidate, type Shape } from '../shape.js';

/**
 * A row of Defender XDR's `AlertInfo` or `AlertEvidence` as an object, as advanced hunting gives it:
 * https://learn.microsoft.com/defender-xdr/advanced-hunting-alertinfo-table
 */
export const huntingRows: Shape = {
  name: 'hunting-rows',
  title: 'rows of the AlertInfo or AlertEvidence table (advanced hunting)',
  where: ROW_COLUMNS,
  seen: 'advanced hunting by Defender XDR’s API, Microsoft Graph and their connectors',
  telltales: ['AlertId'],
  find: (payload, texts) => {
    if (!isObject(payload)) return undefined;
    if (typeof member(payload, 'AlertId') !== 'string') return undefined;
    if (typeof member(payload, 'ServiceSource') !== 'string') return undefined;
    const facts = rowFacts(rowOfObject(payload), texts);
    return facts && [objectCandidate([], facts)];
  },
};
