import type { Format } from './format.js';

/**
 * Entities as the `Entities` column of Microsoft Sentinel's `SecurityAlert` and the connector's "Get IPs"
 * action have them: https://learn.microsoft.com/azure/sentinel/entities-reference#ip
 *
 * `$id` numbers the objects of one document; 1 is the alert that the entities belong to.
 *
 * A pure list: see `Format.render`.
 */
export const sentinel: Format = {
  name: 'sentinel',
  title: 'Microsoft Sentinel entities',
  contentType: 'application/json',
  where: '`[].Address`, of type `ip`',
  render: ({ enrichment }) =>
    JSON.stringify(
      enrichment.ips.map(({ address }, index) => ({
        $id: String(index + 2),
        Address: address,
        Type: 'ip',
      })),
    ),
};
