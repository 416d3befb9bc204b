/** More ids than this are a number only: one address can belong to thousands of alerts. */
const MOST_LISTED = 3;

/** "a, b, c and 5 more", each of those named as `show` shows it. */
export function listed(items: readonly string[], show: (item: string) => string = (item) => item): string {
  const named = items.slice(0, MOST_LISTED).map(show).join(', ');
  const more = items.length - MOST_LISTED;
  return more > 0 ? `${named} and ${more} more` : named;
}

/** The one line that an address carries into another tool: which alerts it belongs to. */
export function relatedTo(alertIds: readonly string[]): string {
  return `Related to Defender for Endpoint ${alertIds.length === 1 ? 'alert' : 'alerts'} ${listed(alertIds)}`;
}
