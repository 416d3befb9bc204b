import { expect, test } from '@jest/globals';
import { readIpStats } from '../../shared/defender/ip-stats.js';
import { answered } from '../upstream/outcomes.js';

const read = (stats: unknown) => readIpStats(answered(JSON.stringify(stats)));

test('the prevalence is read as a number or as the text of one, the dates as ISO dates', () => {
  const dates = { orgFirstSeen: '2017-07-30T13:23:48Z', orgLastSeen: '2017-08-29T13:09:05Z' };
  expect(read({ organizationPrevalence: 200, orgPrevalence: '7', ...dates })).toEqual({
    kind: 'value',
    value: {
      organizationPrevalence: 200,
      firstSeen: '2017-07-30T13:23:48.000Z',
      lastSeen: '2017-08-29T13:09:05.000Z',
    },
  });
  expect(read({ orgPrevalence: '63515', orgFirstSeen: null, orgLastSeen: 'never' })).toEqual({
    kind: 'value',
    value: { organizationPrevalence: 63_515, firstSeen: null, lastSeen: null },
  });
  expect(read({ organizationPrevalence: 0, orgFirstSeen: 7 })).toMatchObject({
    value: { organizationPrevalence: 0, firstSeen: null },
  });
});

test.each([
  {},
  { organizationPrevalence: null },
  { organizationPrevalence: '' },
  { organizationPrevalence: ' ' },
  { organizationPrevalence: [] },
  { organizationPrevalence: [5] },
  { organizationPrevalence: false },
  { organizationPrevalence: 'many' },
  { organizationPrevalence: '1e3' },
  { organizationPrevalence: '-1' },
  { organizationPrevalence: -1 },
  { organizationPrevalence: 1.5 },
  { organizationPrevalence: 2 ** 60 },
])('%j is no statistics, and never a prevalence of 0', (stats) => {
  expect(read(stats)).toMatchObject({ kind: 'malformed', what: 'statistics without a prevalence' });
});

test('a body that is no JSON object is no statistics', () => {
  for (const body of ['', '<html>', 'null', '7', '[]', '{"organizationPrevalence":0,"error":{"code":"A"}}']) {
    expect(readIpStats(answered(body))).toMatchObject({ kind: 'malformed' });
  }
});
