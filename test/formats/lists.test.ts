import { describe, expect, test } from '@jest/globals';
import { misp } from '../../shared/formats/misp.js';
import { sentinel } from '../../shared/formats/sentinel.js';
import { thehive } from '../../shared/formats/thehive.js';
import { alertId, manyIps, NOTHING_FOUND, ONE_ALERT, PARTIAL, rendered, SHARED } from './enrichments.js';

describe('sentinel', () => {
  test('is an empty list when nothing was found', () => {
    expect(rendered(sentinel, NOTHING_FOUND)).toEqual([]);
  });

  test('is a list of ip entities, numbered as the objects of one document', () => {
    expect(rendered(sentinel, ONE_ALERT)).toEqual([
      { $id: '2', Address: '198.51.100.3', Type: 'ip' },
      { $id: '3', Address: '2001:db8::1', Type: 'ip' },
    ]);
  });

  test('has a shared address once, and no two objects with one number', () => {
    expect(rendered(sentinel, SHARED).map(({ Address }: { Address: string }) => Address)).toEqual([
      '192.0.2.1',
      '10.0.0.7',
    ]);
    const ids = rendered(sentinel, manyIps(10_000)).map(({ $id }: { $id: string }) => $id);
    expect(new Set(ids).size).toBe(10_000);
  });

  test('has what is known of a partial answer', () => {
    expect(rendered(sentinel, PARTIAL)).toEqual([{ $id: '2', Address: '198.51.100.3', Type: 'ip' }]);
  });
});

describe('misp', () => {
  test('is an empty list when nothing was found', () => {
    expect(rendered(misp, NOTHING_FOUND)).toEqual({ Attribute: [] });
  });

  test('is a list of attributes of both versions that are not for detection', () => {
    const common = {
      type: 'ip-dst',
      category: 'Network activity',
      to_ids: false,
      comment: `Related to Defender for Endpoint alert ${alertId(1)}`,
    };
    expect(rendered(misp, ONE_ALERT)).toEqual({
      Attribute: [
        { ...common, value: '198.51.100.3' },
        { ...common, value: '2001:db8::1' },
      ],
    });
  });

  test('names three alerts of a shared address and counts the others', () => {
    expect(rendered(misp, SHARED).Attribute.map(({ comment }: { comment: string }) => comment)).toEqual([
      `Related to Defender for Endpoint alerts ${alertId(1)}, ${alertId(2)}, ${alertId(3)} and 2 more`,
      `Related to Defender for Endpoint alert ${alertId(1)}`,
    ]);
  });

  test('has what is known of a partial answer', () => {
    expect(rendered(misp, PARTIAL).Attribute).toEqual([expect.objectContaining({ value: '198.51.100.3' })]);
  });
});

describe('thehive', () => {
  test('is an empty list when nothing was found', () => {
    expect(rendered(thehive, NOTHING_FOUND)).toEqual({ observables: [] });
  });

  test('is a list of observables with one text each', () => {
    const message = `Related to Defender for Endpoint alert ${alertId(1)}`;
    expect(rendered(thehive, ONE_ALERT)).toEqual({
      observables: [
        { dataType: 'ip', data: '198.51.100.3', message, tags: ['scope:reserved', 'source:defender'] },
        { dataType: 'ip', data: '2001:db8::1', message, tags: ['scope:reserved', 'source:defender'] },
      ],
    });
  });

  test('tags where a shared address is from', () => {
    expect(rendered(thehive, SHARED).observables.map(({ tags }: { tags: string[] }) => tags)).toEqual([
      ['scope:reserved', 'source:defender', 'source:payload'],
      ['scope:private', 'source:defender'],
    ]);
  });

  test('has what is known of a partial answer', () => {
    expect(rendered(thehive, PARTIAL).observables).toEqual([
      expect.objectContaining({ data: '198.51.100.3' }),
    ]);
  });
});
