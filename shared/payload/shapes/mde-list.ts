import { member } from '../json.js';
import { objectCandidate, type Shape } from '../shape.js';
import { isMdeAlert } from './mde-alert.js';

/** The answer to Defender's `GET /api/alerts`; also a list of alerts that lost its context on the way. */
export const mdeList: Shape = {
  name: 'mde-list',
  title: 'list of Defender for Endpoint alerts',
  find: (payload) => {
    const inValue = member(payload, 'value');
    const list = Array.isArray(payload) ? payload : inValue;
    if (!Array.isArray(list)) return undefined;
    const context = member(payload, '@odata.context');
    const named = typeof context === 'string' && context.endsWith('#Alerts');
    if (!named && !list.some(isMdeAlert)) return undefined;
    return list.map((alert, index) =>
      objectCandidate(list === payload ? [index] : ['value', index], { ids: [member(alert, 'id')] }),
    );
  },
};
