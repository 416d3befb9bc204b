import { inside } from '../json.js';
import { ROW_COLUMNS } from '../rows.js';
import type { Shape } from '../shape.js';
import { areTables, tablesCandidates } from '../tables.js';

/** Where tables stand in a query's answer, and in the webhook of log alerts from before the common schema. */
const PLACES = [
  ['tables'],
  ['SearchResult', 'tables'],
  ['SearchResults', 'tables'],
  ['data', 'SearchResult', 'tables'],
];

/**
 * The answer of a Log Analytics query:
 * https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
 */
export const logAnalytics: Shape = {
  name: 'log-analytics',
  title: 'Log Analytics query result (tables of rows)',
  where: `\`tables[].rows[]\`, by column: ${ROW_COLUMNS}`,
  telltales: ['tables', 'SearchResult', 'SearchResults', 'data'],
  seen: 'Log Analytics REST API and connectors; log alerts by webhook from before the common schema',
  find: (payload, texts) => {
    for (const place of PLACES) {
      const tables = inside(payload, ...place);
      if (areTables(tables)) return tablesCandidates(tables, place, texts);
    }
    return undefined;
  },
};
