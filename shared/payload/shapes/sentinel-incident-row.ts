import { member } from '../json.js';
import type { Shape } from '../shape.js';

/**
 * A row of the `SecurityIncident` table, whose `AlertIds` are Sentinel's own:
 * https://learn.microsoft.com/azure/azure-monitor/reference/tables/securityincident
 */
export const sentinelIncidentRow: Shape = {
  name: 'sentinel-incident-row',
  title: 'row of the SecurityIncident table',
  where: 'nowhere, since `AlertIds` holds Microsoft Sentinel’s own ids (`SystemAlertId`)',
  seen: 'Log Analytics queries over Sentinel’s incidents',
  instead:
    'Its AlertIds are SystemAlertIds, which only Sentinel knows. Join them with the SecurityAlert table ' +
    'by SystemAlertId, and post its rows: VendorOriginalId and AlertLink there name the alert.',
  telltales: ['AlertIds'],
  never: ['AlertIds', 'IncidentName'],
  find: (payload) =>
    member(payload, 'AlertIds') !== undefined &&
    (member(payload, 'IncidentNumber') !== undefined || member(payload, 'ProviderIncidentId') !== undefined)
      ? []
      : undefined,
};
