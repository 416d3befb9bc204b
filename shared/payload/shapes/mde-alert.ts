import { isObject, member } from '../json.js';
import { objectCandidate, type Shape } from '../shape.js';

/** https://learn.microsoft.com/defender-endpoint/api/alerts#properties */
export const mdeAlert: Shape = {
  name: 'mde-alert',
  title: 'Defender for Endpoint alert',
  find: (payload) => (isMdeAlert(payload) ? [objectCandidate([], { ids: [payload.id] })] : undefined),
};

/** Whether a value is an alert as Defender's API gives it. `machineId` and `detectorId` only look like ids. */
export function isMdeAlert(value: unknown): value is { readonly id: unknown } {
  return (
    isObject(value) && member(value, 'id') !== undefined && 'machineId' in value && 'detectionSource' in value
  );
}
