import { describe, expect, test } from '@jest/globals';
import { readIpsPage } from '../../shared/defender/alert-ips.js';
import { answered } from '../upstream/outcomes.js';

const read = (value: unknown, more: object = {}) => readIpsPage(answered(JSON.stringify({ value, ...more })));
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

  test('an empty list is no IPs, with the right context or none', () => {
    expect(read([])).toEqual(page([]));
    for (const path of ['', '/api']) {
      expect(read([], { '@odata.context': `https://api.test${path}/$metadata#Ips` })).toEqual(page([]));
    }
    expect(read([], { error: null })).toEqual(page([]));
  });

  test.each([undefined, '', 'text/html', 'text/plain; charset=utf-8', 'text/json-ish', 'application/jsonp'])(
    'an empty list as %s proves nothing; addresses do',
    (contentType) => {
      const of = (body: string) => readIpsPage({ ...answered(body), contentType });
      expect(of('{"value":[]}')).toMatchObject({
        kind: 'malformed',
        what: expect.stringContaining('content type'),
      });
      expect(of('{"value":[{"id":"192.0.2.1"}]}')).toEqual(page(['192.0.2.1']));
    },
  );

  test.each([
    'application/json',
    'application/json; odata.metadata=minimal',
    'Application/JSON;charset=utf-8',
    'application/problem+json',
  ])('%s is JSON', (contentType) => {
    expect(readIpsPage(answered('{"value":[]}', contentType))).toEqual(page([]));
  });

  test('a next page that is null is none', () => {
    expect(read([], { '@odata.nextLink': null })).toEqual(page([]));
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

  test('of values that are no addresses a hundred are kept, however many there are', () => {
    const reading = read([{ id: '192.0.2.1' }, ...Array(10_000).fill({ id: ':' })]);
    expect(reading).toMatchObject({ value: { ips: ['192.0.2.1'] } });
    expect((reading as ReturnType<typeof page>).value.unusable).toHaveLength(100);
  });

  test.each([
    ['', 'no JSON object'],
    ['<html>', 'no JSON object'],
    ['7', 'no JSON object'],
    ['null', 'no JSON object'],
    ['{"value":[{"id":"192.0.2.1"}', 'no JSON object'],
    ['[]', 'no JSON object'],
    ['{}', 'without a "value" list'],
    ['{"value":null}', 'without a "value" list'],
    ['{"value":{"length":0}}', 'without a "value" list'],
    ['{"value":[{"id":"host"}]}', 'without one IP address'],
    ['{"value":[null]}', 'without one IP address'],
    ['{"value":[],"@odata.nextLink":7}', '"@odata.nextLink" that is no text'],
    ['{"value":[],"error":{"code":"InternalServerError"}}', 'an error in its body'],
    ['{"value":[{"id":"192.0.2.1"}],"error":"x"}', 'an error in its body'],
    ['{"value":[],"@odata.context":"https://api.test/api/$metadata#Machines"}', '#Machines'],
    ['{"value":[],"@odata.context":"https://api.test/api/$metadata#IpsOfOthers"}', '#IpsOfOthers'],
    ['{"value":[],"@odata.context":7}', 'something else than addresses'],
  ])('%s is never "no IPs"', (body, what) => {
    expect(readIpsPage(answered(body))).toMatchObject({
      kind: 'malformed',
      what: expect.stringContaining(what),
    });
  });
});
