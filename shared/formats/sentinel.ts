import type { Format } from './format.js';
import { jsonPieces, listOf } from './json-pieces.js';

/**
 * Entities as the `Entities` column of Microsoft Sentinel's `SecurityAlert` and the connector's "Get IPs"
 * action have them: https://learn.microsoft.com/azure/sentinel/entities-reference#ip
 *
 * `$id` numbers the objects of one document; 1 is the alert that the entities belong to.
 *
 * A pure list: see `Format.pieces`.
 */
export const sentinel: Format = {
  name: 'sentinel',
  title: 'Microsoft Sentinel entities',
  contentType: 'application/json',
  where: '`[].Address`, of type `ip`',
  pieces: ({ enrichment }) =>
    jsonPieces(
      listOf(enrichment.ips, ({ address }, index) => ({
        $id: String(index + 2),
        Address: address,
        Type: 'ip',
      })),
    ),
};
