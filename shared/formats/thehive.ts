import type { Format } from './format.js';
import { relatedTo } from './listed.js';

/**
 * TheHive 5 observables: as the body of `POST /api/v1/alert` has them, and each by itself as
 * `POST /api/v1/alert/{id}/observable` takes it (https://docs.strangebee.com/thehive/api-docs/,
 * `InputCreateObservable`). `ioc` stays false, its default: an address seen with an alert is no indicator.
 *
 * A pure list: see `Format.render`.
 */
export const thehive: Format = {
  name: 'thehive',
  title: 'TheHive observables',
  contentType: 'application/json',
  where: '`observables[].data`, of type `ip`',
  render: ({ enrichment }) =>
    JSON.stringify({
      observables: enrichment.ips.map(({ address, scope, sources, alertIds }) => ({
        dataType: 'ip',
        data: address,
        message: relatedTo(alertIds),
        tags: [`scope:${scope}`, ...sources.map((source) => `source:${source}`)],
      })),
    }),
};
