import { type AlertEntry, alertCountOf, type RelatedIp } from '../enrichment/result.js';

/** More ids than this are a number only: one address can belong to thousands of alerts. */
const MOST_LISTED = 3;

/**
 * "a, b, c and 5 more", each of those named as `show` shows it.
 * @param count how many there are, where `items` has only the first of them
 */
export function listed(
  items: readonly string[],
  count = items.length,
  show: (item: string) => string = (item) => item,
): string {
  const named = items.slice(0, MOST_LISTED);
  const more = count - named.length;
  const text = named.map(show).join(', ');
  return more > 0 ? `${text} and ${more} more` : text;
}

/** The one line that an address carries into another tool: which alerts it belongs to. */
export function relatedTo(ip: Pick<RelatedIp, 'alertIds' | 'alertCount'>): string {
  const count = alertCountOf(ip);
  return `Related to Defender for Endpoint ${count === 1 ? 'alert' : 'alerts'} ${listed(ip.alertIds, count)}`;
}

/**
 * Why an alert has no answer of its own, as one sentence or two. Undefined for one that was answered:
 * only there does an empty list mean that there are no IPs.
 */
export function whyUnanswered({ status, reason, error }: AlertEntry): string | undefined {
  switch (status) {
    case 'found':
    case 'empty':
      return undefined;
    case 'not_found':
      return reason ?? 'Defender for Endpoint does not know this alert.';
    case 'skipped':
      return reason;
    case 'failed':
      return `${error.title}. ${error.detail}`;
  }
}

/**
 * An alert's addresses, where they say something: an empty list of one that was not answered says nothing.
 */
export function answeredIps(alert: AlertEntry): readonly string[] | undefined {
  return alert.ips.length > 0 || whyUnanswered(alert) === undefined ? alert.ips : undefined;
}
