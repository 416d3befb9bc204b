import { isObject, member } from '../json.js';
import { ROW_COLUMNS } from '../rows.js';
import type { Shape } from '../shape.js';
import { areTables, isTable, tableCandidates, tablesCandidates } from '../tables.js';

/**
 * The answer of an Azure Data Explorer query, of both versions: `{"Tables":[…]}`, or a list of frames of
 * which some are tables; and any other table by itself.
 * https://learn.microsoft.com/kusto/api/rest/response-http
 * https://learn.microsoft.com/kusto/api/rest/response-http-v2
 */
export const dataExplorer: Shape = {
  name: 'data-explorer',
  title: 'Azure Data Explorer query result (tables of rows)',
  where: `\`Tables[].Rows[]\`, \`[].Rows[]\`, by column: ${ROW_COLUMNS}`,
  seen: 'Azure Data Explorer and Fabric, where the streaming export is kept',
  telltales: ['Tables', 'Rows', 'rows'],
  find: (payload, texts) => {
    if (!isObject(payload)) return undefined;
    const tables = member(payload, 'Tables');
    if (areTables(tables)) return tablesCandidates(tables, ['Tables'], texts);
    return isTable(payload) ? tableCandidates(payload, [], texts) : undefined;
  },
};
