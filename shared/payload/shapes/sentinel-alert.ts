import { entityAddresses } from '../addresses.js';
import { member } from '../json.js';
import { objectCandidate, type Shape } from '../shape.js';

/**
 * The body of Microsoft Sentinel's alert trigger:
 * https://learn.microsoft.com/connectors/azuresentinel/#microsoft-sentinel-alert
 * `VendorOriginalId` is sometimes a random GUID, hence the others.
 */
export const sentinelAlert: Shape = {
  name: 'sentinel-alert',
  title: 'Microsoft Sentinel alert (trigger body)',
  where: '`VendorOriginalId`, `ProviderAlertId`, `AlertLink`; never `SystemAlertId`',
  telltales: ['SystemAlertId'],
  seen: 'Microsoft Sentinel’s alert trigger',
  find: (payload, texts) => {
    if (member(payload, 'SystemAlertId') === undefined) return undefined;
    if (member(payload, 'WorkspaceSubscriptionId') === undefined) return undefined;
    if (member(payload, 'Type') === 'SecurityAlert') return undefined; // a row of the table
    return [
      objectCandidate([], {
        ids: [member(payload, 'VendorOriginalId'), member(payload, 'ProviderAlertId')],
        links: [member(payload, 'AlertLink')],
        products: [member(payload, 'ProviderName'), member(payload, 'ProductName')],
        ips: entityAddresses(member(payload, 'Entities'), texts),
      }),
    ];
  },
};
