import type { Format } from './format.js';

/** The posted alert with its IPs, and the enrichment beside it. The alert's text is not re-serialised. */
export const enriched: Format = {
  name: 'enriched',
  contentType: 'application/json',
  render: ({ enrichment, alertText }) => `{"alert":${alertText},"enrichment":${JSON.stringify(enrichment)}}`,
};
