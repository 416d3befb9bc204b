import type { Format } from './format.js';

/** The posted alert with its IPs, and the enrichment beside it. The alert's text is not re-serialised. */
export const enriched: Format = {
  name: 'enriched',
  title: 'The posted alert, enriched',
  contentType: 'application/json',
  where: '`relatedIps[]` in each alert, `enrichment.ips[].address`',
  render: ({ enrichment, alertText, delivery }) => {
    const receipt = delivery ? `,"delivery":${JSON.stringify(delivery)}` : '';
    return `{"alert":${alertText},"enrichment":${JSON.stringify(enrichment)}${receipt}}`;
  },
};
