import { member } from '../json.js';
import { objectCandidate, type Shape } from '../shape.js';

/**
 * The body of Microsoft Sentinel's incident trigger:
 * https://learn.microsoft.com/connectors/azuresentinel/#microsoft-sentinel-incident
 * An incident gathers alerts of several products; the trigger can cut fields short.
 */
export const sentinelIncident: Shape = {
  name: 'sentinel-incident',
  title: 'Microsoft Sentinel incident (trigger body)',
  find: (payload) => {
    const incident = member(payload, 'object');
    if (member(payload, 'objectSchemaType') !== 'Incident' && !isIncident(incident)) return undefined;
    const alerts = member(member(incident, 'properties'), 'alerts');
    if (!Array.isArray(alerts)) return [];
    return alerts.map((alert, index) => {
      const properties = member(alert, 'properties');
      const data = member(properties, 'additionalData');
      return objectCandidate(['object', 'properties', 'alerts', index], {
        ids: [member(properties, 'providerAlertId'), member(properties, 'vendorOriginalId')],
        links: [member(properties, 'alertLink')],
        product: member(properties, 'productName') ?? member(data, 'ProductName'),
      });
    });
  },
};

function isIncident(value: unknown): boolean {
  const id = member(value, 'id');
  return typeof id === 'string' && /\/providers\/Microsoft\.SecurityInsights\/Incidents\//i.test(id);
}
