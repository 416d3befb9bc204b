import { isEndpointAlertId } from '../base/alert-id.js';

/** The portals whose alert pages end in the alert's id, the old ones included. */
const ALERT_PAGE =
  /^https:\/\/(?:security\.microsoft\.(?:com|us)|securitycenter\.(?:microsoft\.(?:com|us)|windows\.(?:com|us)))\/alerts?\/([\w-]+)(?:[/?#]|$)/;

/** The alert id in the address of an alert's page in Microsoft's portal, if it is Defender for Endpoint's. */
export function idInPortalLink(link: unknown): string | undefined {
  if (typeof link !== 'string') return undefined;
  const id = ALERT_PAGE.exec(link)?.[1];
  return isEndpointAlertId(id) ? id : undefined;
}
