import type { Format } from './format.js';
import { jsonPieces, listOf } from './json-pieces.js';
import { relatedTo } from './texts.js';

/**
 * MISP attributes, as `POST /attributes/add/{eventId}` takes several at once and as they stand in an event
 * (https://www.misp-project.org/openapi/#tag/Attributes). `to_ids` is false: an address that was seen with an
 * alert is no indicator to block by, whatever its verdict, which is a tag. MISP refuses an empty list, so a
 * caller looks before posting.
 *
 * A pure list, since what is posted becomes part of the event: see `Format.pieces`.
 */
export const misp: Format = {
  name: 'misp',
  title: 'MISP attributes',
  contentType: 'application/json',
  where: '`Attribute[].value`, of type `ip-dst`',
  pieces: ({ enrichment }) =>
    jsonPieces({
      Attribute: listOf(enrichment.ips, (ip) => ({
        type: 'ip-dst',
        category: 'Network activity',
        value: ip.address,
        to_ids: false,
        comment: relatedTo(ip),
        ...(ip.evidence?.verdict
          ? { Tag: [{ name: `alert-ip-enrichment:verdict="${ip.evidence.verdict}"` }] }
          : {}),
      })),
    }),
};
