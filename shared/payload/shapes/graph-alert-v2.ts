import { addressesIn } from '../addresses.js';
import { member } from '../json.js';
import type { Path } from '../path.js';
import { type Candidate, objectCandidate, type Shape } from '../shape.js';

/**
 * Microsoft Graph's security alert:
 * https://learn.microsoft.com/graph/api/resources/security-alert
 * `providerAlertId` can be null, or the id without its prefix; the prefixed one is asked for first.
 */
export const graphAlertV2: Shape = {
  name: 'graph-alert-v2',
  title: 'Microsoft Graph alert (alerts_v2)',
  where: '`id`, `providerAlertId`, `alertWebUrl`; product from `serviceSource`',
  telltales: ['serviceSource'],
  find: (payload) => (isGraphAlert(payload) ? [graphCandidate(payload, [])] : undefined),
};

/** Whether a value is a Graph alert, of whatever product. */
export function isGraphAlert(value: unknown): boolean {
  return (
    typeof member(value, 'serviceSource') === 'string' &&
    (typeof member(value, 'id') === 'string' || typeof member(value, 'alertWebUrl') === 'string')
  );
}

/** The candidate of a Graph alert. Of its evidence only `ipEvidence` has an `ipAddress`. */
export function graphCandidate(alert: unknown, path: Path): Candidate {
  return objectCandidate(path, {
    ids: [member(alert, 'id'), member(alert, 'providerAlertId')],
    links: [member(alert, 'alertWebUrl')],
    products: [member(alert, 'serviceSource')],
    ips: addressesIn(member(alert, 'evidence')),
  });
}
