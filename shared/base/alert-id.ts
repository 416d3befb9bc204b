/**
 * Alert ids: which are Defender for Endpoint's, and whose the others are.
 *
 * Defender XDR gives every alert id two letters that name its product
 * (https://learn.microsoft.com/defender-xdr/investigate-alerts, "Alert sources"). Behind them stands
 * the product's own id: for Defender for Endpoint a .NET tick count and a signed number
 * (`da637308392288907382_-880718168`) or a GUID and a number (`dac6a87bc6-…_1`). Ids from before
 * the prefixes, and Graph's `providerAlertId`, are the same without the two letters.
 *
 * The patterns are anchored, without the `m` flag, so that neither a line break nor anything else can
 * stand before or behind an id; what they let through holds only letters, digits, `_` and `-`.
 */

const GUID = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}';
const GUID_ID = `${GUID}_-?\\d{1,20}`;
/** The grammar of Defender for Endpoint's alert ids, for `RegExp` and JSON Schema. */
export const ENDPOINT_ALERT_ID_PATTERN = `^(?:da|ed)?(?:\\d{17,20}_-?\\d{1,20}|${GUID_ID})$`;
const ENDPOINT_ALERT_ID = new RegExp(ENDPOINT_ALERT_ID_PATTERN);
/** Far longer than any that the grammar is known to have produced. */
export const LONGEST_ALERT_ID = 80;
const PREFIXED_GUID_ID = new RegExp(`^(?:da|ed)(${GUID_ID})$`);

/** Other products' own ids: a GUID, a tick count or a digest in hexadecimal, with or without a suffix. */
const PREFIXED_ALERT_ID = new RegExp(
  `^([a-z]{2})(?:${GUID}|\\d{8,20}|[0-9a-fA-F]{32,64})(?:_-?[0-9a-zA-Z-]{1,60})?$`,
);

/** As long as that grammar lets an id be; a longer text need not be looked into. */
const LONGEST_PREFIXED_ID = 2 + 64 + 2 + 60;

/** Products by their prefix, without Defender for Endpoint's own `da` and `ed`. */
const OTHER_PRODUCTS: ReadonlyMap<string, string> = new Map([
  ['ra', 'Microsoft Defender XDR'],
  ['ta', 'Microsoft Defender XDR'],
  ['ea', 'Microsoft Defender XDR'],
  ['fa', 'Microsoft Defender for Office 365'],
  ['aa', 'Microsoft Defender for Identity'],
  ['ri', 'Microsoft Defender for Identity'],
  ['ca', 'Microsoft Defender for Cloud Apps'],
  ['ma', 'Microsoft Defender for Cloud Apps'],
  ['rm', 'Microsoft Defender for Cloud Apps'],
  ['ad', 'Microsoft Entra ID Protection'],
  ['dl', 'Microsoft Purview Data Loss Prevention'],
  ['dc', 'Microsoft Defender for Cloud'],
  ['sn', 'Microsoft Sentinel'],
  ['ir', 'Microsoft Purview Insider Risk Management'],
]);

/** Whether `value` is an id that Defender's alerts API can be asked about; it is then safe in a path. */
export function isEndpointAlertId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_ALERT_ID && ENDPOINT_ALERT_ID.test(value);
}

/** Whether an endpoint alert id names its product itself, by its first two letters. */
export function hasEndpointPrefix(alertId: string): boolean {
  return alertId.startsWith('da') || alertId.startsWith('ed');
}

/** The product whose alert id `value` is, if it is another product's than Defender for Endpoint. */
export function otherProductOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > LONGEST_PREFIXED_ID || isEndpointAlertId(value))
    return undefined;
  return OTHER_PRODUCTS.get(PREFIXED_ALERT_ID.exec(value)?.[1] ?? '');
}

/** Whether `value` is an alert id of any product that is known here. */
export function isAnyAlertId(value: unknown): value is string {
  return isEndpointAlertId(value) || otherProductOf(value) !== undefined;
}

/**
 * The form without its two letters of a GUID id (`dac6a87bc6-…_1` → `c6a87bc6-…_1`): Graph gives some
 * alerts an `id` with them and a `providerAlertId` without, and Defender knows one of the two. Ask for
 * it after a 404.
 * @returns undefined where there is no second form: tick-count ids, and ids that are bare already
 */
export function bareForm(alertId: string): string | undefined {
  return PREFIXED_GUID_ID.exec(alertId)?.[1];
}
