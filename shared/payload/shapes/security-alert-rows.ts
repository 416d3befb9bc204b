import { isObject, member } from '../json.js';
import { ROW_COLUMNS, rowFacts, rowOfObject } from '../rows.js';
import { objectCandidate, type Shape } from '../shape.js';

/**
 * A row of the `SecurityAlert` table as an object, as Logic Apps' query actions give it; `Entities` and
 * other columns are JSON text: https://learn.microsoft.com/azure/azure-monitor/reference/tables/securityalert
 */
export const securityAlertRows: Shape = {
  name: 'security-alert-rows',
  title: 'rows of the SecurityAlert table',
  where: `${ROW_COLUMNS}; never \`SystemAlertId\``,
  telltales: ['VendorOriginalId', 'SystemAlertId'],
  seen: 'Log Analytics and Sentinel by Logic Apps’ query actions, `az monitor log-analytics query`, playbooks',
  find: (payload, texts) => {
    if (!isObject(payload)) return undefined;
    const hasId =
      member(payload, 'VendorOriginalId') !== undefined || member(payload, 'SystemAlertId') !== undefined;
    const isNamed =
      member(payload, 'ProviderName') !== undefined ||
      member(payload, 'ProductName') !== undefined ||
      member(payload, 'AlertLink') !== undefined;
    if (!hasId || !isNamed) return undefined;
    const facts = rowFacts(rowOfObject(payload), texts);
    const products = [member(payload, 'ProviderName'), member(payload, 'ProductName')];
    return [objectCandidate([], facts ?? { ids: [], products })];
  },
};
