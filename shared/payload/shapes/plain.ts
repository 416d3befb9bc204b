import { isEndpointAlertId, otherProductOf } from '../../alert-id.js';
import { member } from '../json.js';
import type { Path } from '../path.js';
import type { Candidate, Shape } from '../shape.js';

/**
 * What people write by hand: `{"alertId":"…"}`, `{"id":"…"}`, `{"alertIds":["…"]}`, `["…"]`. A lone
 * `id` counts only if it is an alert id, since everything has an `id`.
 */
export const plain: Shape = {
  name: 'plain',
  title: '{"alertId": "…"}, {"id": "…"}, {"alertIds": ["…"]} or ["…"]',
  find: (payload) => {
    if (Array.isArray(payload)) return payload.every(isString) ? ids(payload, [], undefined) : undefined;
    const alertIds = member(payload, 'alertIds');
    if (Array.isArray(alertIds)) return ids(alertIds, ['alertIds'], []);
    const alertId = member(payload, 'alertId');
    if (alertId !== undefined) return [{ path: [], attachTo: [], ids: [alertId] }];
    const id = member(payload, 'id');
    return isEndpointAlertId(id) || otherProductOf(id) ? [{ path: [], attachTo: [], ids: [id] }] : undefined;
  },
};

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

/** A list of bare ids; their IPs go to the object that holds the list, if there is one. */
function ids(list: readonly unknown[], path: Path, attachTo: Path | undefined): Candidate[] {
  return list.map((id, index) => ({ path: [...path, index], attachTo, ids: [id] }));
}
