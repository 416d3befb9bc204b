import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';

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

/** Addresses read before: the same ones come with every answer from a cache, and each takes 20 µs to read. */
const known = new LRUCache<string, IpAddress>({ max: 10_000 });

/**
 * Reads one IP address. IPv4 is four decimal parts only (no octal, no hexadecimal, no short forms);
 * IPv6 comes out as RFC 5952 wants it, without its zone, which means nothing on another machine;
 * IPv4-mapped IPv6 is reduced to IPv4. Networks (`10.0.0.0/8`) are no addresses.
 * @returns undefined for anything else
 */
export function parseIpAddress(value: unknown): IpAddress | undefined {
  const before = typeof value === 'string' ? known.get(value) : undefined;
  if (before) return before;
  const ip = read(value);
  if (!ip) return undefined;
  const described = describe(ip);
  known.set(value as string, described);
  return described;
}

/** Only the canonical form of one IP address, by the same rules; far less work where there are many. */
export function canonicalIpAddress(value: unknown): string | undefined {
  if (typeof value === 'string' && FOUR_PARTS.test(value)) return value;
  const ip = read(value);
  return ip && text(ip);
}

/** IPv4 as it is written canonically, so that there is nothing left to do. */
const PART = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const FOUR_PARTS = new RegExp(`^${PART}(?:\\.${PART}){3}$`);

function read(value: unknown): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (typeof value !== 'string' || value.length > LONGEST_TEXT) return undefined;
  const trimmed = value.trim();
  // Decided here: the library finds out by parsing, and a wrong text costs it an error with a stack trace.
  if (!trimmed.includes(':')) {
    return ipaddr.IPv4.isValidFourPartDecimal(trimmed) ? ipaddr.IPv4.parse(trimmed) : undefined;
  }
  return isIPv6(trimmed) ? ipaddr.process(trimmed.replace(/%.*$/, '')) : undefined;
}

function describe(ip: ipaddr.IPv4 | ipaddr.IPv6): IpAddress {
  const range = ip.range();
  const scope = SCOPES[range] ?? range.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`);
  return { address: text(ip), version: ip.kind() === 'ipv4' ? 4 : 6, scope };
}

function text(ip: ipaddr.IPv4 | ipaddr.IPv6): string {
  return ip.kind() === 'ipv4' ? ip.toString() : (ip as ipaddr.IPv6).toRFC5952String();
}
