import { hasSome, items, member, spelt } from '../json.js';
import { alertsIn, type Shape } from '../shape.js';
import { graphCandidate, isGraphAlert } from './graph-alert-v2.js';

/**
 * Microsoft Graph's incident with its alerts (`$expand=alerts`):
 * https://learn.microsoft.com/graph/api/resources/security-incident
 */
export const graphIncident: Shape = {
  name: 'graph-incident',
  title: 'Microsoft Graph incident',
  where: '`alerts[].id`, `alerts[].providerAlertId`, `alerts[].alertWebUrl`; never the incident’s own `id`',
  seen: 'Microsoft Graph `security/incidents?$expand=alerts`; collectors that split it leave one alert in the list’s place',
  telltales: ['displayName', 'DisplayName'],
  never: ['id', 'Id'],
  find: (payload) => {
    if (typeof spelt(payload, 'displayName') !== 'string') return undefined;
    const name = member(payload, 'alerts') === undefined ? 'Alerts' : 'alerts';
    const alerts = member(payload, name);
    const isIncident = typeof spelt(payload, 'incidentWebUrl') === 'string';
    if (!isIncident && !isGraphAlert(alerts) && !hasSome(items(alerts), isGraphAlert)) return undefined;
    return alertsIn(alerts, [name], graphCandidate);
  },
};
