import type { Format } from './format.js';
import { jsonPieces, listOf } from './json-pieces.js';
import { relatedTo } from './texts.js';

/**
 * TheHive 5 observables: as the body of `POST /api/v1/alert` has them, and each by itself as
 * `POST /api/v1/alert/{id}/observable` takes it (https://docs.strangebee.com/thehive/api-docs/,
 * `InputCreateObservable`). `ioc` stays false, its default: an address seen with an alert is no indicator.
 *
 * A pure list: see `Format.pieces`.
 */
export const thehive: Format = {
  name: 'thehive',
  title: 'TheHive observables',
  contentType: 'application/json',
  where: '`observables[].data`, of type `ip`',
  pieces: ({ enrichment }) =>
    jsonPieces({
      observables: listOf(enrichment.ips, (ip) => ({
        dataType: 'ip',
        data: ip.address,
        message: relatedTo(ip),
        tags: [`scope:${ip.scope}`, ...ip.sources.map((source) => `source:${source}`)],
      })),
    }),
};
