import type { AlertEntry } from '../enrichment/result.js';
import type { Format } from './format.js';
import { jsonPieces, listOf } from './json-pieces.js';
import { answeredIps, whyUnanswered } from './texts.js';

/**
 * Entry context of Cortex XSOAR, to be returned as `EntryContext`. The keys are those that the content
 * pack's `microsoft-atp-get-alert-related-ips` and every IP command write
 * (https://xsoar.pan.dev/docs/reference/integrations/microsoft-defender-advanced-threat-protection,
 * https://xsoar.pan.dev/docs/integrations/context-standards-mandatory#ip); the text in brackets makes
 * XSOAR update what it knows already instead of adding it twice.
 *
 * An alert without an answer has `Status` and `Reason`, and `IPs` only where its payload tells some: an
 * empty list says that Defender knows the alert and ties no address to it, and would overwrite what an
 * earlier run had found. Alerts without an id have nothing to be told apart by and are left out.
 */
export const xsoar: Format = {
  name: 'xsoar',
  title: 'Cortex XSOAR context',
  contentType: 'application/json',
  where:
    '`MicrosoftATP.AlertIP(val.AlertID === obj.AlertID)[].IPs[]`, ' +
    '`IP(val.Address && val.Address == obj.Address)[].Address`',
  pieces: ({ enrichment }) =>
    jsonPieces({
      'MicrosoftATP.AlertIP(val.AlertID === obj.AlertID)': listOf(
        enrichment.alerts.filter(({ alertId }) => alertId !== undefined),
        toAlertIp,
      ),
      'IP(val.Address && val.Address == obj.Address)': listOf(enrichment.ips, ({ address }) => ({
        Address: address,
      })),
    }),
};

function toAlertIp(alert: AlertEntry) {
  const { alertId, status, retryAfterSeconds } = alert;
  return {
    AlertID: alertId,
    IPs: answeredIps(alert),
    Status: status,
    Reason: whyUnanswered(alert),
    RetryAfterSeconds: retryAfterSeconds,
  };
}
