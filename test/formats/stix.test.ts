import { describe, expect, test } from '@jest/globals';
import { stix, uuidV5 } from '../../shared/formats/stix.js';
import {
  manyIps,
  NOTHING_FOUND,
  ONE_ALERT,
  PARTIAL,
  payload,
  relatedIp,
  rendered,
  SHARED,
} from './enrichments.js';

const UUID_V5 = '[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

/** What STIX 2.1 demands of a bundle of addresses. */
function checkBundle(bundle: Record<string, unknown>): void {
  const { type, id, objects, ...others } = bundle;
  expect(others).toEqual({});
  expect(type).toBe('bundle');
  expect(id).toMatch(new RegExp(`^bundle--${UUID_V5}$`));
  if (objects === undefined) return;
  const list = objects as { type: string; spec_version: string; id: string; value: string }[];
  expect(list).not.toEqual([]);
  for (const object of list) {
    expect(Object.keys(object).sort()).toEqual(['id', 'spec_version', 'type', 'value']);
    expect(object.spec_version).toBe('2.1');
    expect(object.type).toBe(object.value.includes(':') ? 'ipv6-addr' : 'ipv4-addr');
    expect(object.id).toMatch(new RegExp(`^${object.type}--${UUID_V5}$`));
  }
  expect(new Set(list.map((object) => object.id)).size).toBe(list.length);
}

describe('uuidV5', () => {
  test("makes RFC 9562's example", () => {
    expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });
});

describe('stix', () => {
  test.each([
    ['nothing found', NOTHING_FOUND],
    ['one alert', ONE_ALERT],
    ['alerts that share IPs', SHARED],
    ['a partial answer', PARTIAL],
    ['10,000 IPs', manyIps(10_000)],
  ])('is a valid bundle of %s', (_, enriched) => {
    const bundle = rendered(stix, enriched);
    checkBundle(bundle);
    expect((bundle.objects ?? []).map(({ value }: { value: string }) => value)).toEqual(
      enriched.enrichment.ips.map(({ address }) => address),
    );
  });

  test('has no list rather than an empty one', () => {
    expect(rendered(stix, NOTHING_FOUND)).not.toHaveProperty('objects');
  });

  test('gives an address the id that every producer gives it', () => {
    expect(rendered(stix, ONE_ALERT).objects).toEqual([
      {
        type: 'ipv4-addr',
        spec_version: '2.1',
        id: 'ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4',
        value: '198.51.100.3',
      },
      {
        type: 'ipv6-addr',
        spec_version: '2.1',
        id: 'ipv6-addr--6469e3a9-b053-5e34-a025-9396ae051d26',
        value: '2001:db8::1',
      },
    ]);
  });

  test('gives the same set of addresses the same id, now and in later versions', () => {
    const [first, second] = ONE_ALERT.enrichment.ips;
    if (!first || !second) throw new TypeError('two addresses');
    const other = payload([], [second, first]);
    expect(rendered(stix, ONE_ALERT).id).toBe('bundle--f942f54a-569f-5ad4-8df6-bcc028fb1e56');
    expect(rendered(stix, other).id).toBe(rendered(stix, ONE_ALERT).id);
    expect(rendered(stix, payload([], [first])).id).not.toBe(rendered(stix, ONE_ALERT).id);
    expect(rendered(stix, payload([], [first, relatedIp('192.0.2.2', [])])).id).not.toBe(
      rendered(stix, ONE_ALERT).id,
    );
  });
});
