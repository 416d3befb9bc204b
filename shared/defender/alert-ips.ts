import { parseIpAddress } from '../base/ip-address.js';
import type { Reading } from './client.js';
import { excerpt, parseObject } from './wire.js';

/** One page of an alert's IPs. */
export interface IpsPage {
  readonly ips: readonly string[];
  /** Values that are no addresses. */
  readonly unusable: readonly string[];
  /** Absolute address of the next page, as the answer gives it. */
  readonly nextLink: string | undefined;
}

/**
 * Reads `{"value":[{"id":"104.80.104.128"}, …]}`. Anything else is malformed and never "no IPs": a
 * proxy's page or a cut body must not look like a harmless alert. Among good addresses, values that
 * are none are set aside; a list with values and not one address is malformed.
 */
export function readIpsPage(body: string): Reading<IpsPage> {
  const document = parseObject(body);
  if (!document) return malformed('a body that is no JSON object');
  const { value, '@odata.nextLink': nextLink } = document;
  if (!Array.isArray(value)) return malformed('a body without a "value" list');
  const ips = new Set<string>();
  const unusable: string[] = [];
  for (const item of value) {
    const ip = parseIpAddress(item?.id);
    if (ip) ips.add(ip.address);
    else unusable.push(show(item?.id ?? item));
  }
  if (ips.size === 0 && unusable.length > 0) return malformed('a list without one IP address');
  if (nextLink !== undefined && typeof nextLink !== 'string') {
    return malformed('an "@odata.nextLink" that is no text');
  }
  return { kind: 'value', value: { ips: [...ips], unusable, nextLink } };
}

/** The same as Defender writes it, on one page. */
export function writeIps(apiHost: string, ips: readonly string[]): object {
  return { '@odata.context': `${apiHost}/$metadata#Ips`, value: ips.map((id) => ({ id })) };
}

/** A value as a report may show it: cut, and not looked into, since it may be nested without end. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(excerpt(value));
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? '[…]' : '{…}';
}

function malformed(what: string): Reading<IpsPage> {
  return { kind: 'malformed', what };
}
