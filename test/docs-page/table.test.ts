import { expect, test } from '@jest/globals';
import {
  asCsv,
  asMarkdown,
  type Ip,
  quotaOf,
  summaryOf,
  tableOf,
  troublesOf,
} from '../../docs-page/table.js';

const ip = (address: string, scope: string, more: Partial<Ip> = {}): Ip => ({
  address,
  scope,
  sources: ['defender'],
  alertIds: ['da1_1'],
  ...more,
});
const PRIVATE = ip('10.0.0.1', 'private');
const PUBLIC = ip('104.80.104.128', 'public');

test('public addresses are first, and others are left out on request', () => {
  const addresses = (onlyPublic: boolean) =>
    tableOf([PRIVATE, PUBLIC], onlyPublic).rows.map(([address]) => address);
  expect(addresses(false)).toEqual(['104.80.104.128', '10.0.0.1']);
  expect(addresses(true)).toEqual(['104.80.104.128']);
});

test('a column that nothing is known for is left out', () => {
  expect(tableOf([PUBLIC], false).headings).toEqual(['Address', 'Scope', 'Source', 'Alerts']);
  const known = ip('104.80.104.128', 'public', {
    stats: { organizationPrevalence: 3, firstSeen: '2026-11-01T10:11:12Z', lastSeen: null },
    evidence: { verdict: 'malicious', country: 'NL' },
  });
  const { headings, rows } = tableOf([PUBLIC, known], false);
  expect(headings).toEqual([
    'Address',
    'Scope',
    'Verdict',
    'Country',
    'Devices',
    'First seen',
    'Source',
    'Alerts',
  ]);
  expect(rows[1]).toEqual([
    '104.80.104.128',
    'public',
    'malicious',
    'NL',
    '3',
    '2026-11-01',
    'defender',
    'da1_1',
  ]);
});

test('no cell leaves its place in Markdown or CSV, and none is a formula', () => {
  const odd = ip('104.80.104.128', 'public', { sources: ['a|b', '=1+1'], alertIds: ['=HYPERLINK("x")'] });
  const table = tableOf([odd], false);
  expect(asMarkdown(table)).toContain('| a\\|b, =1+1 |');
  expect(asCsv(table)).toContain(`,"a|b, =1+1","'=HYPERLINK(""x"")"\r\n`);
});

test('the summary counts alerts by outcome and addresses by scope', () => {
  const alerts = [{ status: 'found' }, { status: 'found' }, { status: 'failed' }];
  expect(summaryOf({ status: 'partial', ips: [PRIVATE, PUBLIC], alerts })).toBe(
    '3 alerts: 2 with addresses, 1 failed. 2 addresses: 1 public, 1 other.',
  );
});

test('what is left of the quota is shown for each source, with or without an hour', () => {
  const window = (limit: number) => ({ limit, remaining: limit - 1 });
  const both = { status: 'complete', ips: [], alerts: [] } as const;
  expect(quotaOf({ ...both, quota: { minute: window(100), hour: window(1500) } })).toBe(
    'defender: 99 of 100 calls left this minute, 1499 of 1500 this hour',
  );
  expect(quotaOf({ ...both, quotas: { graph: { minute: window(150) } } })).toBe(
    'graph: 149 of 150 calls left this minute',
  );
  expect(quotaOf(both)).toBe('');
});

test('alerts that failed for one reason are one line, and an unknown alert is not "no addresses"', () => {
  const error = { title: 'No call is free', detail: 'Retry in 51 s.' };
  const troubles = troublesOf([
    { alertId: 'da1_1', status: 'failed', error },
    { alertId: 'da2_2', status: 'failed', error },
    { alertId: 'da3_3', status: 'not_found' },
    { alertId: 'da4_4', status: 'found' },
  ]);
  expect(troubles).toHaveLength(2);
  expect(troubles[0]).toEqual({ reason: 'No call is free. Retry in 51 s.', ids: ['da1_1', 'da2_2'] });
  expect(troubles[1]?.reason).toContain('does not mean that it has no addresses');
});
