import { addressesIn, each } from '../addresses.js';
import { inside, items, member } from '../json.js';
import { objectCandidate, type Shape } from '../shape.js';

/**
 * Microsoft Graph's first security alert, whose API is retired and whose payloads linger:
 * https://learn.microsoft.com/graph/api/resources/alert
 */
export const graphAlertV1: Shape = {
  name: 'graph-alert-v1',
  title: 'Microsoft Graph alert (legacy)',
  where: '`id`, else the portal address in `sourceMaterials[]`; product from `vendorInformation.provider`',
  seen: 'Microsoft Graph `security/alerts`, retired in 2026; stored alerts and old playbooks',
  telltales: ['vendorInformation'],
  find: (payload) => {
    const provider = inside(payload, 'vendorInformation', 'provider');
    if (typeof provider !== 'string') return undefined;
    const connections = member(payload, 'networkConnections');
    return [
      objectCandidate([], {
        ids: [member(payload, 'id')],
        links: items(member(payload, 'sourceMaterials')),
        products: [provider],
        ips: each(addressesIn(connections, 'sourceAddress'), addressesIn(connections, 'destinationAddress')),
      }),
    ];
  },
};
