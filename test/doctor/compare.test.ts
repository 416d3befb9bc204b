import { expect, test } from '@jest/globals';
import { differencesOf, type Said } from '../../shared/doctor/checks/compare.js';

const said = (
  title: string,
  ips: readonly string[],
  status: 'found' | 'empty' | 'not_found' = 'found',
): Said => ({
  title,
  answer: { status, ips, unusable: [] },
});
test.each([
  [[said('A', []), said('B', [], 'empty')], []],
  [[said('A', [], 'not_found'), said('B', [], 'not_found')], []],
  [[said('A', ['192.0.2.1']), { title: 'B', error: 'no' }], ['B did not say (no)']],
  [[said('A', ['192.0.2.1']), said('B', [], 'not_found')], ['B does not know it']],
  [
    [
      said(
        'A',
        Array.from({ length: 12 }, (_, n) => `192.0.2.${n}`),
      ),
      said('B', [], 'empty'),
    ],
    [expect.stringContaining('192.0.2.9 and 2 more')],
  ],
])('differences: case %#', (all, told) => {
  expect(differencesOf(all)).toEqual(told);
});
