import { hasSome, inside, member } from '../json.js';
import type { Path } from '../path.js';
import { type Candidate, eachOf, objectCandidate, type Shape } from '../shape.js';

/**
 * Microsoft Graph's change notifications; `value[].id` is the notification's:
 * https://learn.microsoft.com/graph/api/resources/changenotification
 */
export const graphNotification: Shape = {
  name: 'graph-notification',
  title: 'Microsoft Graph change notification',
  where: '`value[].resourceData.id`, else the last part of `value[].resource`; never `value[].id`',
  seen: 'Microsoft Graph subscriptions to `security/alerts_v2`, directly or by Event Grid and Event Hubs',
  telltales: ['subscriptionId', 'value'],
  never: ['id'],
  find: (payload) => {
    if (isNotification(payload)) return [candidate(payload, [])];
    const list = member(payload, 'value');
    if (!Array.isArray(list) || !hasSome(list, isNotification)) return undefined;
    return eachOf(list, (notification, index) => candidate(notification, ['value', index]));
  },
};

/** Whether a value is a change notification, of whatever resource. */
export function isNotification(value: unknown): boolean {
  return (
    typeof member(value, 'subscriptionId') === 'string' &&
    typeof member(value, 'changeType') === 'string' &&
    (member(value, 'resourceData') !== undefined || member(value, 'resource') !== undefined)
  );
}

function candidate(notification: unknown, path: Path): Candidate {
  const data = member(notification, 'resourceData');
  const hasData = typeof data === 'object' && data !== null;
  return objectCandidate(hasData ? [...path, 'resourceData'] : path, {
    ids: [inside(notification, 'resourceData', 'id'), idInResource(member(notification, 'resource'))],
  });
}

/** `security/alerts_v2/da…` and `security/alerts_v2('da…')` name the alert as well. */
function idInResource(resource: unknown): unknown {
  if (typeof resource !== 'string') return undefined;
  return /\/alerts(?:_v2)?(?:\/|\(')([\w-]+)(?:'\))?$/i.exec(resource)?.[1];
}
