import { entityAddresses } from '../addresses.js';
import { inside, isObject, type JsonTexts, member } from '../json.js';
import type { Path } from '../path.js';
import { alertsIn, type Candidate, type Candidates, objectCandidate, type Shape } from '../shape.js';

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
  seen: 'Microsoft Sentinel’s incident trigger, its REST API, alerts of it from a For-each',
  telltales: ['properties', 'object', 'objectSchemaType'],
  never: ['id', 'workspaceInfo'],
  find: (payload, texts) => {
    if (isAlertEntity(payload)) return [candidate(payload, [], [])];
    const object = member(payload, 'object');
    if (member(payload, 'objectSchemaType') === 'Incident' || isIncident(object)) {
      return incidentCandidates(object, ['object'], texts);
    }
    return isIncident(payload) ? incidentCandidates(payload, [], texts) : undefined;
  },
};

function incidentCandidates(incident: unknown, path: Path, texts: JsonTexts): Candidates {
  const alerts = inside(incident, 'properties', 'alerts');
  // The incident's entities are those of all its alerts; only of a lone alert it is known whose they are.
  const isLone = !Array.isArray(alerts) || alerts.length === 1;
  const ips = isLone ? entityAddresses(inside(incident, 'properties', 'relatedEntities'), texts) : [];
  return alertsIn(alerts, [...path, 'properties', 'alerts'], (alert, at) => candidate(alert, at, ips));
}

function candidate(alert: unknown, path: Path, ips: Iterable<unknown>): Candidate {
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
