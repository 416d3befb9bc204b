import type { Format } from './format.js';
import { jsonPieces, listOf } from './json-pieces.js';

/** Only the addresses, for a step that does not need the alert; and per alert what became of it. */
export const ips: Format = {
  name: 'ips',
  title: 'Addresses only',
  contentType: 'application/json',
  where: '`ips[]`, `alerts[].ips[]`',
  pieces: ({ enrichment: { ips, status, alerts } }) =>
    jsonPieces({
      ips: listOf(ips, ({ address }) => address),
      status,
      alerts: listOf(alerts, ({ alertId, status, ips, reason, error, retryAfterSeconds }) => ({
        alertId,
        status,
        ips,
        reason,
        error,
        retryAfterSeconds,
      })),
    }),
};
