import { describe, expect, test } from '@jest/globals';
import { readIpsPage } from '../../shared/defender/alert-ips.js';

const read = (value: unknown, more: object = {}) => readIpsPage(JSON.stringify({ value, ...more }));
const page = (ips: string[], unusable: string[] = [], nextLink?: string) => ({
  kind: 'value',
  value: { ips, unusable, nextLink },
});

describe('readIpsPage', () => {
  test('addresses come out in canonical form, each once, in the order they came in', () => {
    expect(read([{ id: '23.203.232.228' }, { id: '104.80.104.128' }, { id: ' 23.203.232.228 ' }])).toEqual(
      page(['23.203.232.228', '104.80.104.128']),
    );
    expect(read([{ id: '2001:DB8::0:1' }, { id: '::ffff:192.0.2.1' }, { id: '192.0.2.1' }])).toEqual(
      page(['2001:db8::1', '192.0.2.1']),
    );
  });

  test('an empty list is no IPs', () => {
    expect(read([])).toEqual(page([]));
  });

  test('a next page is told', () => {
    expect(read([], { '@odata.nextLink': 'https://api.test/next' })).toEqual(
      page([], [], 'https://api.test/next'),
    );
  });

  test('what is no address among addresses is set aside, and shown without being looked into', () => {
    const odd = [{ id: 'host' }, { id: 7 }, { id: null }, { id: {} }, { id: [[]] }, {}, null, 'x', true];
    expect(read([{ id: '192.0.2.1' }, ...odd])).toEqual(
      page(['192.0.2.1'], ['"host"', '7', '{…}', '{…}', '[…]', '{…}', 'null', '"x"', 'true']),
    );
    const [shown = ''] = (read([{ id: '192.0.2.1' }, { id: 'x'.repeat(1_000) }]) as ReturnType<typeof page>)
      .value.unusable;
    expect(shown).toBe(`"${'x'.repeat(200)}…"`);
  });

  test.each([
    ['', 'no JSON object'],
    ['<html>', 'no JSON object'],
    ['7', 'no JSON object'],
    ['null', 'no JSON object'],
    ['{"value":[{"id":"192.0.2.1"}', 'no JSON object'],
    ['[]', 'without a "value" list'],
    ['{}', 'without a "value" list'],
    ['{"value":null}', 'without a "value" list'],
    ['{"value":{"length":0}}', 'without a "value" list'],
    ['{"value":[{"id":"host"}]}', 'without one IP address'],
    ['{"value":[null]}', 'without one IP address'],
    ['{"value":[],"@odata.nextLink":7}', '"@odata.nextLink" that is no text'],
    ['{"value":[],"@odata.nextLink":null}', '"@odata.nextLink" that is no text'],
  ])('%s is never "no IPs"', (body, what) => {
    expect(readIpsPage(body)).toEqual({ kind: 'malformed', what: expect.stringContaining(what) });
  });
});
