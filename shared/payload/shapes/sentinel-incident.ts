import { entityAddresses } from '../addresses.js';
import { inside, isObject, member } from '../json.js';
import type { Path } from '../path.js';
import { type Candidate, eachOf, objectCandidate, type Shape } from '../shape.js';

/**
 * The body of Microsoft Sentinel's incident trigger, its `object` by itself, or one alert of it from a
 * For-each: https://learn.microsoft.com/connectors/azuresentinel/#microsoft-sentinel-incident
 * An incident gathers alerts of several products; the trigger can cut fields short.
 */
export const sentinelIncident: Shape = {
  name: 'sentinel-incident',
  title: 'Microsoft Sentinel incident (trigger body), or one alert of it',
  where:
    '`object.properties.alerts[].properties.providerAlertId`, `.vendorOriginalId`, `.alertLink`; ' +
    'never `systemAlertId` or ARM ids',
  telltales: ['properties', 'object', 'objectSchemaType'],
  find: (payload) => {
    if (isAlertEntity(payload)) return [candidate(payload, [], [])];
    const object = member(payload, 'object');
    if (member(payload, 'objectSchemaType') === 'Incident' || isIncident(object)) {
      return incidentCandidates(object, ['object']);
    }
    return isIncident(payload) ? incidentCandidates(payload, []) : undefined;
  },
};

function incidentCandidates(incident: unknown, path: Path): Iterable<Candidate> {
  const alerts = inside(incident, 'properties', 'alerts');
  if (!Array.isArray(alerts)) return [];
  // The incident's entities are those of all its alerts; only of a lone alert it is known whose they are.
  const ips = alerts.length === 1 ? entityAddresses(inside(incident, 'properties', 'relatedEntities')) : [];
  return eachOf(alerts, (alert, index) => candidate(alert, [...path, 'properties', 'alerts', index], ips));
}

function candidate(alert: unknown, path: Path, ips: readonly unknown[]): Candidate {
  const properties = member(alert, 'properties');
  const data = member(properties, 'additionalData');
  return objectCandidate(path, {
    ids: [member(properties, 'providerAlertId'), member(properties, 'vendorOriginalId')],
    links: [member(properties, 'alertLink')],
    products: [member(properties, 'productName'), member(data, 'ProviderName'), member(data, 'ProductName')],
    ips,
  });
}

function isIncident(value: unknown): boolean {
  const id = member(value, 'id');
  return typeof id === 'string' && /\/providers\/Microsoft\.SecurityInsights\/Incidents\//i.test(id);
}

function isAlertEntity(value: unknown): boolean {
  return member(value, 'kind') === 'SecurityAlert' && isObject(member(value, 'properties'));
}
