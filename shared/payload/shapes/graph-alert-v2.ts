import { member } from '../json.js';
import type { Path } from '../path.js';
import { type Candidate, objectCandidate, type Shape } from '../shape.js';

/**
 * Microsoft Graph's security alert, alone or in a list:
 * https://learn.microsoft.com/graph/api/resources/security-alert
 * `providerAlertId` can be null, or the id without its prefix.
 */
export const graphAlertV2: Shape = {
  name: 'graph-alert-v2',
  title: 'Microsoft Graph alert (alerts_v2), alone or in a list',
  find: (payload) => {
    if (isGraphAlert(payload)) return [candidate(payload, [])];
    const list = Array.isArray(payload) ? payload : member(payload, 'value');
    if (!Array.isArray(list) || !list.some(isGraphAlert)) return undefined;
    return list.map((alert, index) => candidate(alert, list === payload ? [index] : ['value', index]));
  },
};

function isGraphAlert(value: unknown): boolean {
  return typeof member(value, 'serviceSource') === 'string' && typeof member(value, 'id') === 'string';
}

function candidate(alert: unknown, path: Path): Candidate {
  return objectCandidate(path, {
    ids: [member(alert, 'id'), member(alert, 'providerAlertId')],
    links: [member(alert, 'alertWebUrl')],
    product: member(alert, 'serviceSource'),
  });
}
