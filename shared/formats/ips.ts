import type { Format } from './format.js';

/** Only the addresses, for a step that does not need the alert; and per alert what became of it. */
export const ips: Format = {
  name: 'ips',
  title: 'Addresses only',
  contentType: 'application/json',
  where: '`ips[]`, `alerts[].ips[]`',
  render: ({ enrichment }) =>
    JSON.stringify({
      ips: enrichment.ips.map(({ address }) => address),
      status: enrichment.status,
      alerts: enrichment.alerts.map(({ alertId, status, ips, reason, error, retryAfterSeconds }) => ({
        alertId,
        status,
        ips,
        reason,
        error,
        retryAfterSeconds,
      })),
    }),
};
