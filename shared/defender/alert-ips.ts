import { parseIpAddress } from '../base/ip-address.js';
import type { Question } from '../upstream/call.js';
import { type Answered, malformed, type Reading } from '../upstream/outcome.js';
import { excerpt, parseObject } from '../upstream/wire.js';

/** One page of an alert's IPs. */
export interface IpsPage {
  readonly ips: readonly string[];
  /** Values that are no addresses. */
  readonly unusable: readonly string[];
  /** Absolute address of the next page, as the answer gives it. */
  readonly nextLink: string | undefined;
}

/** What Defender is asked about an alert. */
export function askAboutAlert(origin: string, alertId: string): Question {
  return {
    url: `${origin}/api/alerts/${encodeURIComponent(alertId)}/ips`,
    route: '/api/alerts/{id}/ips',
    alertId,
  };
}

/** Unusable values of one alert that are kept to be reported. */
export const MOST_UNUSABLE_KEPT = 100;
/** An answer's context names the type of what is in it: `https://…/$metadata#Ips`. */
const CONTEXT_OF_IPS = /\$metadata#Ips\b/i;

/**
 * Reads `{"value":[{"id":"104.80.104.128"}, …]}`. Anything else is malformed and never "no IPs": a proxy's
 * page or a cut body must not look like a harmless alert. So an empty list, which proves nothing by itself,
 * also has to be JSON by its content type. Among good addresses, values that are none are set aside; a list
 * with values and not one address is malformed.
 */
export function readIpsPage({ body, contentType }: Answered): Reading<IpsPage> {
  const document = parseObject(body);
  if (!document) return malformed('a body that is no JSON object');
  const { value, error, '@odata.context': context, '@odata.nextLink': nextLink = null } = document;
  if (error !== undefined && error !== null) return malformed('200 and an error in its body');
  if (!Array.isArray(value)) return malformed('a body without a "value" list');
  if (context !== undefined && !CONTEXT_OF_IPS.test(String(context))) {
    return malformed(`a list of something else than addresses (its context is ${show(context)})`);
  }
  const ips = new Set<string>();
  const unusable: string[] = [];
  for (const item of value) {
    const ip = parseIpAddress(item?.id);
    if (ip) ips.add(ip.address);
    else if (unusable.length < MOST_UNUSABLE_KEPT) unusable.push(show(item?.id ?? item));
  }
  if (ips.size === 0 && unusable.length > 0) return malformed('a list without one IP address');
  if (nextLink !== null && typeof nextLink !== 'string') {
    return malformed('an "@odata.nextLink" that is no text');
  }
  if (value.length === 0 && !isJson(contentType)) {
    return malformed('an empty list that is not JSON by its content type');
  }
  return { kind: 'value', value: { ips: [...ips], unusable, nextLink: nextLink ?? undefined } };
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType ?? '');
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
