import ipaddr from 'ipaddr.js';

/** An address in canonical form, and what its range is. */
export interface IpAddress {
  readonly address: string;
  readonly version: 4 | 6;
  /** ipaddr.js's name of the range in plain words: `public`, `private`, `link-local`, … */
  readonly scope: string;
}

/** ipaddr.js's range names that are not plain words. */
const SCOPES: Readonly<Record<string, string>> = {
  unicast: 'public',
  uniqueLocal: 'private',
  linkLocal: 'link-local',
  carrierGradeNat: 'carrier-grade-nat',
};

/** Longest text that can be an address with a zone: longer ones are not even looked at. */
const LONGEST_TEXT = 100;

/**
 * Reads one IP address. IPv4 is four decimal parts only (no octal, no hexadecimal, no short forms);
 * IPv6 comes out as RFC 5952 wants it, without its zone, which means nothing on another machine;
 * IPv4-mapped IPv6 is reduced to IPv4. Networks (`10.0.0.0/8`) are no addresses.
 * @returns undefined for anything else
 */
export function parseIpAddress(value: unknown): IpAddress | undefined {
  if (typeof value !== 'string' || value.length > LONGEST_TEXT) return undefined;
  const text = value.trim();
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return describe(ipaddr.IPv4.parse(text));
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text)) return undefined;
  return describe(ipaddr.process(text.replace(/%.*$/, '')));
}

function describe(ip: ipaddr.IPv4 | ipaddr.IPv6): IpAddress {
  const range = ip.range();
  const scope = SCOPES[range] ?? range.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  return ip.kind() === 'ipv4'
    ? { address: ip.toString(), version: 4, scope }
    : { address: (ip as ipaddr.IPv6).toRFC5952String(), version: 6, scope };
}
