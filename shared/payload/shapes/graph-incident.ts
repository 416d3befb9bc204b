import { member } from '../json.js';
import { eachOf, type Shape } from '../shape.js';
import { graphCandidate, isGraphAlert } from './graph-alert-v2.js';

/**
 * Microsoft Graph's incident with its alerts (`$expand=alerts`):
 * https://learn.microsoft.com/graph/api/resources/security-incident
 */
export const graphIncident: Shape = {
  name: 'graph-incident',
  title: 'Microsoft Graph incident',
  where: '`alerts[].id`, `alerts[].providerAlertId`, `alerts[].alertWebUrl`; never the incident’s own `id`',
  telltales: ['displayName'],
  find: (payload) => {
    if (typeof member(payload, 'displayName') !== 'string') return undefined;
    const alerts = member(payload, 'alerts');
    const isIncident = typeof member(payload, 'incidentWebUrl') === 'string';
    if (!Array.isArray(alerts)) return isIncident ? [] : undefined;
    if (!isIncident && !alerts.some(isGraphAlert)) return undefined;
    return eachOf(alerts, (alert, index) => graphCandidate(alert, ['alerts', index]));
  },
};
