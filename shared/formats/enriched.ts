import type { Format } from './format.js';
import { jsonPieces, Raw } from './json-pieces.js';

/** The posted alert with its IPs, and the enrichment beside it. The alert's text is not re-serialised. */
export const enriched: Format = {
  name: 'enriched',
  title: 'The posted alert, enriched',
  contentType: 'application/json',
  where: '`relatedIps[]` in each alert, `enrichment.ips[].address`',
  pieces: ({ enrichment, alertText, delivery }) =>
    jsonPieces({ alert: new Raw(alertText), enrichment, delivery }),
};
