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
 *
 * The letters are hexadecimal digits as well (`ed`, `fa`, `ad` …), so a form without them must never be as
 * long as one with them: a GUID has eight characters before its first dash, and digests have 32, 40 or 64.
 */

const GUID = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}';
const GUID_ID = `${GUID}_-?\\d{1,20}`;
const TICKS_ID = '\\d{17,20}_-?\\d{1,20}';
/** The grammar of Defender for Endpoint's alert ids, for `RegExp` and JSON Schema. */
export const ENDPOINT_ALERT_ID_PATTERN = `^(?:da|ed)?(?:\\d{17,20}_-?\\d{1,20}|${GUID_ID})$`;
const ENDPOINT_ALERT_ID = new RegExp(ENDPOINT_ALERT_ID_PATTERN);
/** Far longer than any that the grammar is known to have produced. */
export const LONGEST_ALERT_ID = 80;
const ENDPOINT_PREFIXED = new RegExp(`^(?:da|ed)(?:${TICKS_ID}|${GUID_ID})$`);
const PREFIXED_GUID_ID = new RegExp(`^(?:da|ed)(${GUID_ID})$`);

/** Any product's own id behind its letters: a GUID, a tick count or a digest, with or without a suffix. */
const PREFIXED_ALERT_ID = new RegExp(
  `^([a-z]{2})(?:${GUID}|\\d{8,20}|(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}))(?:_-?[0-9a-zA-Z-]{1,60})?$`,
);
/** The forms of it that nothing else has by chance. */
const UNMISTAKABLE = new RegExp(`^[a-z]{2}(?:${GUID}(?:_-?\\d{1,20})?|${TICKS_ID})$`);

/** Shorter than any id, and as long as the grammars let one be: other texts need not be looked into. */
const SHORTEST_ID = 10;
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

/** Whether an id names Defender for Endpoint itself, by its first two letters. */
export function hasEndpointPrefix(alertId: string): boolean {
  return alertId.length <= LONGEST_ALERT_ID && ENDPOINT_PREFIXED.test(alertId);
}

/** The product whose alert id `value` is, if it is another product's than Defender for Endpoint. */
export function otherProductOf(value: unknown): string | undefined {
  const letters = lettersOf(value);
  return letters === undefined ? undefined : OTHER_PRODUCTS.get(letters);
}

/** Whether `value` is an id with two letters that are not Defender for Endpoint's, known or not. */
export function isOthersAlertId(value: unknown): value is string {
  return lettersOf(value) !== undefined;
}

function lettersOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length < SHORTEST_ID || value.length > LONGEST_PREFIXED_ID) {
    return undefined;
  }
  if (isEndpointAlertId(value)) return undefined;
  return PREFIXED_ALERT_ID.exec(value)?.[1];
}

/** Whether `value` is an alert id of any product that is known here. */
export function isAnyAlertId(value: unknown): value is string {
  return isEndpointAlertId(value) || otherProductOf(value) !== undefined;
}

/**
 * Whether an alert id is one by its form alone, so that the name it stands under need not be looked at:
 * letters, and a tick count with a number or a GUID. Ids without letters and digests can be anything.
 */
export function isUnmistakable(alertId: string): boolean {
  return UNMISTAKABLE.test(alertId);
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

/**
 * The portals whose alert pages end in the alert's id: Defender XDR's of all clouds (`.com` commercial and
 * GCC, `.us` GCC High, `apps.mil` DoD: https://learn.microsoft.com/defender-xdr/usgov), and the portals
 * before it, whose links linger.
 */
const ALERT_PAGE =
  /^https:\/\/(?:security\.(?:microsoft\.(?:com|us)|apps\.mil)|(?:gcc\.)?securitycenter\.(?:microsoft|windows)\.(?:com|us))\/alerts?\/([\w-]+)(?:[/?#]|$)/i;
/** A page's address with its parameters; longer texts are not looked into. */
export const LONGEST_LINK = 2_000;

/**
 * The alert id that a text is as a whole, of whatever product: the id, or the address of the alert's page
 * in the portal, with blanks around it or without.
 */
export function alertIdIn(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length < SHORTEST_ID || text.length > LONGEST_LINK) return undefined;
  const trimmed = text.trim();
  if (isAnyAlertId(trimmed)) return trimmed;
  const id = trimmed[0] === 'h' || trimmed[0] === 'H' ? ALERT_PAGE.exec(trimmed)?.[1] : undefined;
  return isAnyAlertId(id) ? id : undefined;
}

/** As many ids as one post may name, with separators: a longer text is no list of them. */
const LONGEST_LIST = 1_000_000;

/**
 * The alert ids that a text consists of: one, or several with commas, semicolons or blanks between them,
 * as forms and lists of SOAR tools write them. None if there is anything else in it.
 */
export function alertIdsIn(text: string): string[] {
  if (text.length < SHORTEST_ID || text.length > LONGEST_LIST) return [];
  const only = alertIdIn(text);
  if (only !== undefined) return [only];
  if (!/[\s,;|]/.test(text)) return [];
  const ids: string[] = [];
  for (const [part] of text.matchAll(/[^\s,;|]+/g)) {
    const id = alertIdIn(part);
    if (id === undefined) return [];
    ids.push(id);
  }
  return ids;
}

/**
 * The id in a part of a URL's path that stands for an alert: as it is, or escaped once or twice, as an
 * address within an address can be.
 */
export function alertIdInPath(part: string): string | undefined {
  let text = part;
  for (let times = 0; times < 3; times++) {
    const id = alertIdIn(text);
    if (id !== undefined) return text === text.trim() ? id : undefined;
    try {
      text = decodeURIComponent(text);
    } catch {
      return undefined;
    }
  }
  return undefined;
}
