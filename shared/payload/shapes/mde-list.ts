import { member } from '../json.js';
import { eachOf, type Shape } from '../shape.js';
import { isMdeAlert, mdeCandidate, mdeContext } from './mde-alert.js';

/**
 * The answer to Defender's `GET /api/alerts`, also without its context, if it holds nothing else:
 * https://learn.microsoft.com/defender-endpoint/api/get-alerts
 */
export const mdeList: Shape = {
  name: 'mde-list',
  title: 'list of Defender for Endpoint alerts',
  where: '`value[].id`',
  seen: 'Defender for Endpoint’s API, `GET /api/alerts`',
  telltales: ['value'],
  find: (payload) => {
    const list = member(payload, 'value');
    if (!Array.isArray(list)) return undefined;
    if (mdeContext(payload) !== 'list' && (list.length === 0 || !list.every(isMdeAlert))) return undefined;
    return eachOf(list, (alert, index) => mdeCandidate(alert, ['value', index]));
  },
};
