import { parseIpAddress } from '../../shared/base/ip-address.js';
import type { EnrichedPayload } from '../../shared/enrichment/enrich.js';
import {
  type AlertEntry,
  countsOf,
  type Enrichment,
  type RelatedIp,
  statusOf,
} from '../../shared/enrichment/result.js';
import type { Format } from '../../shared/formats/format.js';

/** A payload in an output format. */
export function textOf({ pieces }: Format, enriched: EnrichedPayload): string {
  return [...pieces(enriched)].join('');
}

/** The same of one that is JSON, parsed. */
export function rendered(format: Format, enriched: EnrichedPayload) {
  return JSON.parse(textOf(format, enriched));
}

/** The n-th alert id. */
export const alertId = (n: number) => `da637472900382838869_${n}`;

/** The n-th of 65,536 IPv4 addresses. */
export const ipv4 = (n: number) => `203.0.${n >> 8}.${n & 255}`;

export function relatedIp(
  address: string,
  alertIds: readonly string[],
  more: Partial<RelatedIp> = {},
): RelatedIp {
  const ip = parseIpAddress(address);
  if (!ip) throw new TypeError(`${address} is no address`);
  return { ...ip, sources: ['defender'], alertIds, ...more };
}

export function alert(n: number, more: Partial<AlertEntry>): AlertEntry {
  return {
    alertId: alertId(n),
    status: 'found',
    shape: 'mde-list',
    pointer: `/value/${n}`,
    ips: [],
    ...more,
  } as AlertEntry;
}

/** As `enrich` answers. */
export function payload(alerts: readonly AlertEntry[], ips: readonly RelatedIp[]): EnrichedPayload {
  const quota: Enrichment['quota'] = {
    asOf: '2026-11-23T18:00:00.000Z',
    minute: { limit: 100, remaining: 99 },
    hour: { limit: 1500, remaining: 1499 },
  };
  const counts = countsOf(ips);
  return {
    enrichment: { id: 'e-1', status: statusOf(alerts), counts, ips, alerts, quota },
    alertText: () => '{"id":1}',
  };
}

/** The alert is known and has no IPs. */
export const NOTHING_FOUND = payload([alert(1, { status: 'empty' })], []);

/** One alert, two IPs of both versions. */
export const ONE_ALERT = payload(
  [alert(1, { ips: ['198.51.100.3', '2001:db8::1'] })],
  [relatedIp('198.51.100.3', [alertId(1)]), relatedIp('2001:db8::1', [alertId(1)])],
);

/** Five alerts that share one address; the first has one of its own. */
export const SHARED = payload(
  [1, 2, 3, 4, 5].map((n) => alert(n, { ips: n === 1 ? ['192.0.2.1', '10.0.0.7'] : ['192.0.2.1'] })),
  [
    relatedIp('192.0.2.1', [1, 2, 3, 4, 5].map(alertId), { sources: ['defender', 'payload'] }),
    relatedIp('10.0.0.7', [alertId(1)]),
  ],
);

export const UNAVAILABLE = {
  type: 'urn:problem:alert-ip-enrichment:upstream-unavailable',
  title: 'Defender is not available',
  status: 503,
  detail: 'Defender answered 503 three times.',
};

/** One of each: found, skipped with and without an id, not found, failed. */
export const PARTIAL = payload(
  [
    alert(1, { ips: ['198.51.100.3'] }),
    alert(2, {
      alertId: 'aa0123456789',
      status: 'skipped',
      product: 'Microsoft Defender for Identity',
      reason: 'This is an alert of Microsoft Defender for Identity.',
    }),
    { status: 'skipped', shape: 'mde-list', pointer: '/value/3', ips: [], reason: 'No usable id.' },
    alert(4, { status: 'not_found' }),
    alert(5, { status: 'failed', error: UNAVAILABLE, retryAfterSeconds: 30 }),
  ],
  [relatedIp('198.51.100.3', [alertId(1)])],
);

/** As many addresses as `count`, all of one alert. */
export function manyIps(count: number): EnrichedPayload {
  const addresses = Array.from({ length: count }, (_, n) => ipv4(n));
  return payload(
    [alert(1, { ips: addresses })],
    addresses.map((address) => relatedIp(address, [alertId(1)])),
  );
}
