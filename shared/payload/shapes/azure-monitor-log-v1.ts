import { inside } from '../json.js';
import { ROW_COLUMNS } from '../rows.js';
import type { Shape } from '../shape.js';
import { areTables, tablesCandidates } from '../tables.js';
import { isCommonSchema } from './azure-monitor.js';

const TABLES = ['data', 'alertContext', 'SearchResults', 'tables'];

/**
 * Log alerts of the first generation:
 * https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-payload-samples
 */
export const azureMonitorLogV1: Shape = {
  name: 'azure-monitor-log-v1',
  title: 'Azure Monitor log alert with its rows (common schema, v1)',
  where:
    `\`data.alertContext.SearchResults.tables[].rows[]\`, by column: ${ROW_COLUMNS}; ` +
    'never `data.essentials.alertId`',
  telltales: ['data'],
  never: ['data'],
  seen: 'Azure Monitor, rules of the first generation; retired, so of old rules only',
  find: (payload, texts) => {
    const tables = inside(payload, ...TABLES);
    return isCommonSchema(payload) && areTables(tables) ? tablesCandidates(tables, TABLES, texts) : undefined;
  },
};
