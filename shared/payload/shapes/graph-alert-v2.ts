import { addressesIn } from '../addresses.js';
import { spellingsOf, spelt } from '../json.js';
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
  where:
    '`id`, `providerAlertId`, `alertWebUrl`; product from `serviceSource`; also in the spelling of PowerShell ' +
    '(`Id`) and Python (`service_source`)',
  seen: 'Microsoft Graph `security/alerts_v2`, its SDKs, and the tools that fetch it',
  telltales: spellingsOf('serviceSource'),
  find: (payload) => (isGraphAlert(payload) ? [graphCandidate(payload, [])] : undefined),
};

/** Whether a value is a Graph alert, of whatever product. */
export function isGraphAlert(value: unknown): boolean {
  return (
    typeof spelt(value, 'serviceSource') === 'string' &&
    (typeof spelt(value, 'id') === 'string' || typeof spelt(value, 'alertWebUrl') === 'string')
  );
}

/** The candidate of a Graph alert. Of its evidence only `ipEvidence` has an `ipAddress`. */
export function graphCandidate(alert: unknown, path: Path): Candidate {
  return objectCandidate(path, {
    ids: [spelt(alert, 'id'), spelt(alert, 'providerAlertId')],
    links: [spelt(alert, 'alertWebUrl')],
    products: [spelt(alert, 'serviceSource')],
    ips: addressesIn(spelt(alert, 'evidence')),
  });
}
