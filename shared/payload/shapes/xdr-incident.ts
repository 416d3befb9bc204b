import { addressesIn } from '../addresses.js';
import { hasSome, items, member } from '../json.js';
import type { Path } from '../path.js';
import { alertsIn, type Candidate, objectCandidate, type Shape } from '../shape.js';

/**
 * Defender XDR's incident, or one of its alerts by itself (from a For-each):
 * https://learn.microsoft.com/defender-xdr/api-list-incidents
 */
export const xdrIncident: Shape = {
  name: 'xdr-incident',
  title: 'Defender XDR incident, or one alert of it',
  where: '`alerts[].alertId`, `alerts[].providerAlertId`; product from `serviceSource`; never `incidentId`',
  seen: 'Defender XDR’s API and the tools that fetch it; collectors that split it leave one alert in the list’s place',
  never: ['id', 'incidentId', 'incidentName'],
  telltales: ['alertId', 'incidentName', 'incidentId'],
  find: (payload) => {
    if (isXdrAlert(payload)) return [candidate(payload, [])];
    const alerts = member(payload, 'alerts');
    const isIncident =
      typeof member(payload, 'incidentName') === 'string' ||
      (member(payload, 'incidentId') !== undefined &&
        (isXdrAlert(alerts) || hasSome(items(alerts), isXdrAlert)));
    return isIncident ? alertsIn(alerts, ['alerts'], candidate) : undefined;
  },
};

function isXdrAlert(value: unknown): boolean {
  return typeof member(value, 'alertId') === 'string' && typeof member(value, 'serviceSource') === 'string';
}

function candidate(alert: unknown, path: Path): Candidate {
  return objectCandidate(path, {
    ids: [member(alert, 'alertId'), member(alert, 'providerAlertId')],
    products: [member(alert, 'serviceSource')],
    ips: addressesIn(member(alert, 'entities')),
  });
}
