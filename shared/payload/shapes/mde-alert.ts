import { addressesIn } from '../addresses.js';
import { member } from '../json.js';
import type { Path } from '../path.js';
import { type Candidate, objectCandidate, type Shape } from '../shape.js';

/**
 * An alert as Defender's own API gives it:
 * https://learn.microsoft.com/defender-endpoint/api/alerts#properties
 */
export const mdeAlert: Shape = {
  name: 'mde-alert',
  title: 'Defender for Endpoint alert',
  where: '`id`; never `machineId`, `detectorId` or `incidentId`',
  seen: 'Defender for Endpoint’s API and its Logic Apps connector',
  telltales: ['machineId', '@odata.context'],
  find: (payload) => (isMdeAlert(payload) ? [mdeCandidate(payload, [])] : undefined),
};

/** What Defender's contexts end in; `$select` adds the names in brackets. */
const CONTEXT = /#Alerts(?:\([\w,]{0,1000}\))?(\/\$entity)?$/;

/** What an `@odata.context` says it is the context of: Defender's alert, its list of alerts, or neither. */
export function mdeContext(value: unknown): 'alert' | 'list' | undefined {
  const context = member(value, '@odata.context');
  const match = typeof context === 'string' ? CONTEXT.exec(context.slice(-1100)) : null;
  if (!match) return undefined;
  return match[1] ? 'alert' : 'list';
}

/** Whether a value is an alert as Defender's API gives it. */
export function isMdeAlert(value: unknown): boolean {
  if (member(value, 'id') === undefined) return false;
  if (member(value, 'machineId') !== undefined && member(value, 'detectionSource') !== undefined) return true;
  return mdeContext(value) === 'alert'; // `$select` can leave little else to know it by
}

/** The candidate of an alert as Defender's API gives it. */
export function mdeCandidate(alert: unknown, path: Path): Candidate {
  return objectCandidate(path, { ids: [member(alert, 'id')], ips: addressesIn(member(alert, 'evidence')) });
}
