import { isAnyAlertId } from '../../base/alert-id.js';
import { member } from '../json.js';
import type { Path } from '../path.js';
import { type AnyShape, type Candidate, eachOf, objectCandidate } from '../shape.js';

/**
 * What people write by hand: `{"alertId":"…"}`, `{"id":"…"}`, `{"alertIds":["…"]}`, `["…"]`, `"…"`. A
 * lone `id` counts only if it is an alert id, since everything has an `id`. It says so little that it is
 * tried last, where nothing else found an alert.
 */
export const plain: AnyShape = {
  name: 'plain',
  title: 'plain ids: {"alertId": "…"}, {"id": "…"}, {"alertIds": ["…"]} or ["…"]',
  where: '`alertId`, `id`, `alertIds[]`, `[]`',
  find: (payload) => {
    if (Array.isArray(payload)) {
      return payload.length > 0 && payload.every(isString) ? ids(payload, [], undefined) : undefined;
    }
    if (isAnyAlertId(payload)) return [{ path: [], attachTo: undefined, ids: [payload] }];
    const alertIds = member(payload, 'alertIds');
    if (Array.isArray(alertIds)) return ids(alertIds, ['alertIds'], []);
    const alertId = member(payload, 'alertId');
    if (alertId !== undefined) return [objectCandidate([], { ids: [alertId] })];
    const id = member(payload, 'id');
    return isAnyAlertId(id) ? [objectCandidate([], { ids: [id] })] : undefined;
  },
};

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

/** A list of bare ids; their IPs go to the object that holds the list, if there is one. */
function ids(list: readonly unknown[], path: Path, attachTo: Path | undefined): Iterable<Candidate> {
  return eachOf(list, (id, index) => ({ path: [...path, index], attachTo, ids: [id] }));
}
