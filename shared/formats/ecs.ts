import type { Format } from './format.js';
import { whyUnanswered } from './unanswered.js';

/**
 * Elastic Common Schema: `related.ip` (https://www.elastic.co/docs/reference/ecs/ecs-related), written to be
 * merged into the alert's own document. So it holds nothing that would overwrite what that document
 * knows better: no `@timestamp`, `event.*` or `ecs.version`. Who indexes it by itself adds `@timestamp` in
 * the ingest pipeline.
 *
 * What became of each alert stands under a proper name, as ECS advises for custom fields
 * (https://www.elastic.co/docs/reference/ecs/ecs-custom-fields-in-ecs).
 */
export const ecs: Format = {
  name: 'ecs',
  title: 'Elastic Common Schema',
  contentType: 'application/json',
  where: '`related.ip[]`',
  render: ({ enrichment }) =>
    JSON.stringify({
      related: { ip: enrichment.ips.map(({ address }) => address) },
      alert_ip_enrichment: {
        status: enrichment.status,
        alerts: enrichment.alerts.map((alert) => ({
          id: alert.alertId,
          status: alert.status,
          ips: alert.ips,
          reason: whyUnanswered(alert),
          retry_after_seconds: alert.retryAfterSeconds,
        })),
      },
    }),
};
