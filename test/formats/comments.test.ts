import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EnrichedPayload } from '../../shared/enrichment/enrich.js';
import type { AlertEntry } from '../../shared/enrichment/result.js';
import { html } from '../../shared/formats/html.js';
import { markdown } from '../../shared/formats/markdown.js';
import {
  alert,
  alertId,
  ipv4,
  manyIps,
  NOTHING_FOUND,
  ONE_ALERT,
  PARTIAL,
  payload,
  relatedIp,
  SHARED,
  UNAVAILABLE,
} from './enrichments.js';
import { hostilePayload } from './hostile.js';
import { readHtml, type Shown } from './read-html.js';
import { readMarkdown } from './read-markdown.js';

const MOST = 30_000;
const COMMENTS = [
  { name: 'html', render: html.render, read: readHtml },
  { name: 'markdown', render: markdown.render, read: readMarkdown },
];

/** How many the note in the last place counts, and how many stand before it. */
function counted(list: readonly string[]): { shown: number; more: number } {
  const more = /^and (\d+) more$/.exec(list.at(-1) ?? '')?.[1];
  return more ? { shown: list.length - 1, more: Number(more) } : { shown: list.length, more: 0 };
}

/** Everything is either shown or counted. */
function checkComplete(shown: Shown, { enrichment }: EnrichedPayload): void {
  const addresses = counted(shown.rows.map(([first]) => first as string));
  expect(addresses.shown + addresses.more).toBe(enrichment.ips.length);
  expect(shown.rows.slice(0, addresses.shown).map(([address]) => address)).toEqual(
    enrichment.ips.slice(0, addresses.shown).map(({ address }) => address),
  );
  const items = counted(shown.items);
  const unanswered = enrichment.alerts.filter(({ status }) => status !== 'found' && status !== 'empty');
  expect(items.shown + items.more).toBe(unanswered.length);
}

describe.each(COMMENTS)('the $name comment', ({ render, read }) => {
  test('says that an alert has no IPs', () => {
    expect(read(render(NOTHING_FOUND))).toEqual({
      paragraphs: ['Related IP addresses: 0. Alerts: 1 (1 without IPs in Defender).'],
      columns: [],
      rows: [],
      items: [],
    });
  });

  test('has a row for each address', () => {
    expect(read(render(ONE_ALERT))).toEqual({
      paragraphs: ['Related IP addresses: 2. Alerts: 1 (1 with IPs).'],
      columns: ['Address', 'Scope', 'Alerts', 'Sources'],
      rows: [
        ['198.51.100.3', 'reserved', alertId(1), 'Defender'],
        ['2001:db8::1', 'reserved', alertId(1), 'Defender'],
      ],
      items: [],
    });
  });

  test('names three alerts of a shared address and counts the others', () => {
    expect(read(render(SHARED)).rows).toEqual([
      [
        '192.0.2.1',
        'reserved',
        `${alertId(1)}, ${alertId(2)}, ${alertId(3)} and 2 more`,
        'Defender, payload',
      ],
      ['10.0.0.7', 'private', alertId(1), 'Defender'],
    ]);
  });

  test('tells of every alert without an answer why, failures first', () => {
    expect(read(render(PARTIAL))).toMatchObject({
      paragraphs: [
        'Related IP addresses: 1. Alerts: 5 (1 with IPs, 1 not found, 2 skipped, 1 failed).',
        'Incomplete: the lookup of 1 of 5 alerts failed, so addresses may be missing.',
      ],
      items: [
        `Alert ${alertId(5)} (failed): Defender is not available. Defender answered 503 three times. Ask again in 30 s.`,
        `Alert ${alertId(4)} (not found): Defender for Endpoint does not know this alert.`,
        'Alert aa0123456789 (skipped): This is an alert of Microsoft Defender for Identity.',
        'The alert at /value/3 (skipped): No usable id.',
      ],
    });
  });

  test('shows prevalence and times where there are any', () => {
    const [first, last] = ['2026-01-02T03:04:05Z', '2026-11-12T13:14:15Z'];
    const stats = { organizationPrevalence: 12, firstSeen: first, lastSeen: last };
    const never = { organizationPrevalence: 0, firstSeen: null, lastSeen: null };
    const ips = [
      relatedIp('8.8.8.8', [alertId(1)], { stats }),
      relatedIp('9.9.9.9', [alertId(1)], { stats: never }),
      relatedIp('10.0.0.7', [alertId(1)]),
    ];
    const { columns, rows } = read(render(payload([alert(1, {})], ips)));
    expect(columns.slice(4)).toEqual(['Prevalence', 'First seen', 'Last seen']);
    expect(rows.map((row) => row.slice(4))).toEqual([
      ['12', first, last],
      ['0', '', ''],
      ['', '', ''],
    ]);
  });

  test('says why prevalence is missing', () => {
    const { enrichment, alertText } = ONE_ALERT;
    const stats = { status: 'partial', reason: 'The quota is short\n<now>.' } as const;
    expect(read(render({ alertText, enrichment: { ...enrichment, stats } })).paragraphs).toEqual([
      'Related IP addresses: 2. Alerts: 1 (1 with IPs).',
      'Statistics: The quota is short <now>.',
    ]);
  });

  test('says where the addresses are from when the lookup failed', () => {
    const alerts = [alert(1, { status: 'failed', error: UNAVAILABLE, ips: ['192.0.2.1'] })];
    const ips = [relatedIp('192.0.2.1', [alertId(1)], { sources: ['payload'] })];
    expect(read(render(payload(alerts, ips)))).toMatchObject({
      paragraphs: [
        'Related IP addresses: 1. Alerts: 1 (1 failed).',
        'Incomplete: the lookup of 1 of 1 alerts failed, so addresses may be missing.',
      ],
      rows: [['192.0.2.1', 'reserved', alertId(1), 'payload']],
    });
  });

  test.each([10, 250, 10_000])('shows or counts each of %d addresses', (count) => {
    const enriched = manyIps(count);
    const text = render(enriched);
    expect(text.length).toBeLessThanOrEqual(MOST);
    checkComplete(read(text), enriched);
    if (count > 250) expect(text.length).toBeGreaterThan(MOST - 200); // the room is used
  });

  test('lets no flood of addresses hide a failure, and no flood of failures hide the addresses', () => {
    const failed = Array.from({ length: 10_000 }, (_, n) =>
      alert(n, { status: 'failed', error: UNAVAILABLE, retryAfterSeconds: 30 }),
    );
    const ids = failed.map((_, n) => alertId(n));
    const ips = Array.from({ length: 10_000 }, (_, n) => relatedIp(ipv4(n), ids));
    const enriched = payload(failed, ips);
    const text = render(enriched);
    expect(text.length).toBeLessThanOrEqual(MOST);
    const shown = read(text);
    checkComplete(shown, enriched);
    expect(shown.rows.length).toBeGreaterThan(50);
    expect(shown.items.length).toBeGreaterThan(50);
  });

  test('shows an alert and an address even where each of their texts is endless', () => {
    const endless = '"|'.repeat(50_000);
    const failed: AlertEntry = {
      status: 'failed',
      shape: endless,
      pointer: `/${endless}`,
      ips: [],
      error: { ...UNAVAILABLE, detail: endless },
    };
    const stats = { organizationPrevalence: 1, firstSeen: endless, lastSeen: endless };
    const ip = relatedIp('192.0.2.1', [endless, endless, endless], { stats });
    const text = render(payload([failed], [ip]));
    expect(text.length).toBeLessThanOrEqual(MOST);
    const shown = read(text);
    expect(shown.rows.map(([address]) => address)).toEqual(['192.0.2.1']);
    expect(shown.items).toEqual([expect.stringMatching(/^The alert at .* \(failed\): Defender is not .*…$/)]);
  });

  test('stays plain, short and complete whatever stands in it', () => {
    fc.assert(
      fc.property(hostilePayload, (enriched) => {
        const text = render(enriched);
        expect(text.length).toBeLessThanOrEqual(MOST);
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        checkComplete(read(text), enriched);
      }),
      { numRuns: 150 },
    );
  });
});
