import { createHash } from 'node:crypto';

/** The alert of Microsoft's own page, and its two addresses there. */
export const KNOWN_ALERT = 'da637472900382838869_1364969609';
export const KNOWN_IPS: readonly string[] = ['104.80.104.128', '23.203.232.228'];

/** An alert that is known and has no IPs. */
export const EMPTY_ALERT = 'da637308392288907382_-880718168';

/** An alert that fits the grammar and is not found. */
export const UNKNOWN_ALERT = 'da637000000000000000_404';

/** An address that no device of the organisation has ever spoken with. */
export const UNSEEN_IP = '203.0.113.255';

/** The alerts whose IPs are not derived from their ids; null: not found. */
export function knownAlerts(): Map<string, string[] | null> {
  return new Map([
    [KNOWN_ALERT, [...KNOWN_IPS]],
    [EMPTY_ALERT, []],
    [UNKNOWN_ALERT, null],
  ]);
}

/**
 * The forms of ids that the API takes: `da637472900382838869_1364969609`, a negative suffix, a GUID
 * (`dac6a87bc6-…_1`), each with or without the two letters of the product.
 */
export function isAlertId(id: string): boolean {
  const guid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
  return new RegExp(`^([a-z]{2})?(\\d{10,20}|${guid})_-?\\d{1,10}$`, 'i').test(id);
}

/**
 * One to four addresses, different ones, always the same for the same id. None of them names a real
 * host: documentation ranges (RFC 5737, RFC 3849), private ones, and the public /24s of Microsoft's
 * sample, since most of what looks invented is not "public".
 */
export function inventIps(id: string): string[] {
  const digest = createHash('sha256').update(id).digest();
  const count = 1 + ((digest[0] ?? 0) % 4);
  const ips = new Set<string>();
  for (let at = 1; ips.size < count && at + 3 <= digest.length; at += 3) {
    const [kind = 0, high = 0, low = 0] = digest.subarray(at, at + 3);
    ips.add(inventIp(kind, high, low));
  }
  return [...ips];
}

function inventIp(kind: number, high: number, low: number): string {
  switch (kind % 5) {
    case 0:
      return `2001:db8:${high.toString(16)}::${low.toString(16)}`;
    case 1:
      return `${['192.0.2', '198.51.100', '203.0.113'][high % 3]}.${low % 255}`;
    case 2:
      return `10.0.${high}.${low}`;
    case 3:
      return `104.80.104.${low}`;
    default:
      return `23.203.232.${low}`;
  }
}

/** How many devices of the invented organisation have spoken with an address. */
export function inventPrevalence(ip: string): number {
  if (ip === UNSEEN_IP) return 0;
  return 1 + (createHash('sha256').update(ip).digest().readUInt16BE() % 500);
}
