import { describe, expect, test } from '@jest/globals';
import type { EnrichedPayload } from '../../shared/enrichment/enrich.js';
import type { AlertEntry } from '../../shared/enrichment/result.js';
import { html } from '../../shared/formats/html.js';
import { markdown } from '../../shared/formats/markdown.js';
import fc from '../support/properties.js';
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
  textOf,
  UNAVAILABLE,
} from './enrichments.js';
import { hostilePayload } from './hostile.js';
import { readHtml, type Shown } from './read-html.js';
import { readMarkdown } from './read-markdown.js';

const MOST = 30_000;
const COMMENTS = [
  { name: 'html', render: (enriched: EnrichedPayload) => textOf(html, enriched), read: readHtml },
  { name: 'markdown', render: (enriched: EnrichedPayload) => textOf(markdown, enriched), read: readMarkdown },
];

/** How many the note in the last place counts, and how many stand before it. */
function counted(list: readonly string[]): { shown: number; more: number } {
  const more = /^and (\d+) more$/.exec(list.at(-1) ?? '')?.[1];
  return more ? { shown: list.length - 1, more: Number(more) } : { shown: list.length, more: 0 };
}

/** Of how many alerts an item tells: alike ones share one. */
function alertsIn(item: string): number {
  return Number(/^(\d+) alerts \(/.exec(item)?.[1] ?? 1);
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
  const told = shown.items.slice(0, items.shown).reduce((sum, item) => sum + alertsIn(item), 0);
  if (items.more === 0) expect(told).toBe(unanswered.length);
  else expect(told + items.more).toBeLessThanOrEqual(unanswered.length);
}

describe.each(COMMENTS)('the $name comment', ({ render, read }) => {
  test('shows verdict, roles and country where a source tells them, and that it could not tell all', () => {
    const ips = [
      relatedIp('203.0.113.1', [alertId(1)], {
        sources: ['defender', 'graph'],
        evidence: { verdict: 'malicious', roles: ['attacker', 'source'], country: 'NL' },
      }),
      relatedIp('203.0.113.2', [alertId(1)], { sources: ['graph'] }),
    ];
    const { columns, rows, paragraphs } = read(render(payload([alert(1, { incomplete: true })], ips)));
    expect(columns).toEqual(['Address', 'Scope', 'Sources', 'Verdict', 'Roles', 'Country']);
    expect(rows[0]?.slice(2)).toEqual(['Defender, Microsoft Graph', 'malicious', 'attacker, source', 'NL']);
    expect(rows[1]?.slice(2)).toEqual(['Microsoft Graph', '', '', '']);
    expect(paragraphs.join()).toContain('of 1 alerts a source could not say all');
  });

  test('says what it means that Graph alone does not know an alert', () => {
    const { items } = read(
      render(payload([alert(1, { status: 'not_found', reason: 'It may be tuned.' })], [])),
    );
    expect(items.join()).toContain('It may be tuned.');
  });

  test('says that an alert has no IPs', () => {
    const { paragraphs, ...others } = read(render(NOTHING_FOUND));
    expect(paragraphs.join()).toMatch(/addresses: 0\b.*1 without IPs/);
    expect(others).toEqual({ columns: [], rows: [], items: [] });
  });

  test('has a row for each address, and says once what is the same of all', () => {
    const { paragraphs, columns, rows, items } = read(render(ONE_ALERT));
    expect(paragraphs.join()).toMatch(new RegExp(`Source: Defender.*1 with IPs.*${alertId(1)}`));
    expect(columns).toEqual(['Address', 'Scope']);
    expect(rows).toEqual([
      ['198.51.100.3', 'reserved'],
      ['2001:db8::1', 'reserved'],
    ]);
    expect(items).toEqual([]);
  });

  test('counts the addresses by scope', () => {
    const ips = ['8.8.8.8', '9.9.9.9', '10.0.0.7', '127.0.0.1'].map((ip) => relatedIp(ip, [alertId(1)]));
    expect(read(render(payload([alert(1, {})], ips))).paragraphs[0]).toContain(
      '2 public, 1 private, 1 other',
    );
  });

  test('says that others are not listed, and how many there are', () => {
    const { enrichment, ...more } = payload([alert(1, {})], [relatedIp('8.8.8.8', [alertId(1)])]);
    const counts = { total: 13, public: 1, private: 12, other: 0 };
    const [first] = read(render({ ...more, enrichment: { ...enrichment, counts } })).paragraphs;
    expect(first).toContain('1 public, 12 private');
    expect(first).toContain('Only public ones');
  });

  test('names three alerts of a shared address and counts the others', () => {
    const { columns, rows } = read(render(SHARED));
    expect(columns).toEqual(['Address', 'Scope', 'Alerts', 'Sources']);
    expect(rows).toEqual([
      [
        '192.0.2.1',
        'reserved',
        `${alertId(1)}, ${alertId(2)}, ${alertId(3)} and 2 more`,
        'Defender, payload',
      ],
      ['10.0.0.7', 'private', alertId(1), 'Defender'],
    ]);
  });

  test('counts the alerts of an address that lists only some of them', () => {
    const ips = [
      relatedIp('192.0.2.1', [1, 2, 3, 4].map(alertId), { alertCount: 9_000 }),
      relatedIp('192.0.2.2', [alertId(1)]),
    ];
    expect(read(render(payload([alert(1, {})], ips))).rows[0]?.[2]).toMatch(/ and 8997 more$/);
  });

  test('tells of every alert without an answer why, failures first', () => {
    const { paragraphs, items } = read(render(PARTIAL));
    expect(paragraphs.join()).toMatch(/1 with IPs, 1 not found, 2 skipped, 1 failed.*Incomplete.*1 of 5/);
    expect(items).toEqual([
      expect.stringMatching(new RegExp(`${alertId(5)} \\(failed\\): .*503 three times.*30 s`)),
      expect.stringMatching(new RegExp(`${alertId(4)} \\(not found\\): .*does not know`)),
      expect.stringMatching(/aa0123456789 \(skipped\): .*Defender for Identity/),
      expect.stringMatching(/\/value\/3 \(skipped\): No usable id/),
    ]);
  });

  test('has one item for alerts that failed alike, whatever their waits', () => {
    const failed = Array.from({ length: 20 }, (_, n) => {
      const error = { ...UNAVAILABLE, detail: `No call is free before ${30 + n} s from now.` };
      return alert(n, { status: 'failed', error, retryAfterSeconds: 30 + n });
    });
    const { items } = read(render(payload(failed, [])));
    expect(items).toHaveLength(1);
    expect(items[0]).toMatch(new RegExp(`^20 alerts .*30 to 49 s.*${alertId(0)}.*and 17 more$`));
  });

  test('shows how many devices, and the days on which the address was seen', () => {
    const [first, last] = ['2026-01-02T03:04:05.678Z', '2026-11-12T13:14:15Z'];
    const stats = { organizationPrevalence: 12, firstSeen: first, lastSeen: last };
    const never = { organizationPrevalence: 0, firstSeen: null, lastSeen: null };
    const ips = [
      relatedIp('8.8.8.8', [alertId(1)], { stats }),
      relatedIp('9.9.9.9', [alertId(1)], { stats: never }),
      relatedIp('10.0.0.7', [alertId(1)]),
    ];
    const { columns, rows } = read(render(payload([alert(1, {})], ips)));
    expect(columns.slice(2)).toEqual(['Devices', 'First seen', 'Last seen']);
    expect(rows.map((row) => row.slice(2))).toEqual([
      ['12', '2026-01-02', '2026-11-12'],
      ['0', '', ''],
      ['', '', ''],
    ]);
  });

  test('says of how many addresses the device count is missing, and why', () => {
    const { enrichment, alertText } = ONE_ALERT;
    const stats = { status: 'partial', reason: 'The quota is short\n<now>.' } as const;
    const missing = { ...enrichment, stats, statsMissing: 65 };
    expect(read(render({ alertText, enrichment: missing })).paragraphs.join()).toMatch(
      /missing for 65 .*The quota is short <now>\./,
    );
  });

  test('shows warnings', () => {
    const { enrichment, alertText } = NOTHING_FOUND;
    const warnings = [{ kind: 'source-suspect', detail: 'Check the <tenant>.' }] as const;
    const { paragraphs } = read(render({ alertText, enrichment: { ...enrichment, warnings } }));
    expect(paragraphs.at(-1)).toContain('Check the <tenant>.');
  });

  test('links ids to the portal where all of it fits, and not where that would cost rows', () => {
    const portal = 'https://security.example';
    const link = `${portal}/alerts/${alertId(1)}`;
    const few = render({ ...SHARED, portal });
    expect(few).toContain(link);
    expect(read(few)).toEqual(read(render(SHARED)));
    const many = Array.from({ length: 200 }, (_, n) => relatedIp(ipv4(n), [alertId(n), alertId(n + 1)]));
    const text = render({ ...payload([alert(1, {})], many), portal });
    expect(text).not.toContain(link);
    expect(text).toBe(render(payload([alert(1, {})], many)));
  });

  test('says where the addresses are from when the lookup failed', () => {
    const alerts = [alert(1, { status: 'failed', error: UNAVAILABLE, ips: ['192.0.2.1'] })];
    const ips = [relatedIp('192.0.2.1', [alertId(1)], { sources: ['payload'] })];
    const { paragraphs, rows } = read(render(payload(alerts, ips)));
    expect(paragraphs.join()).toMatch(/Source: payload.*1 failed.*may be missing/);
    expect(rows).toEqual([['192.0.2.1', 'reserved']]);
  });

  test.each([10, 250, 10_000])('shows or counts each of %d addresses', (count) => {
    const enriched = manyIps(count);
    const text = render(enriched);
    expect(text.length).toBeLessThanOrEqual(MOST);
    checkComplete(read(text), enriched);
    if (count > 250) expect(text.length).toBeGreaterThan(MOST - 200); // the room is used
  });

  test('lets no flood of addresses hide a failure, and no flood of failures hide the addresses', () => {
    // Reasons that differ in a word: alike ones would be one item.
    const failed = Array.from({ length: 10_000 }, (_, n) => {
      const error = {
        ...UNAVAILABLE,
        detail: `Reason ${n.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] as string)}.`,
      };
      return alert(n, { status: 'failed', error, retryAfterSeconds: 30 });
    });
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
    expect(shown.items).toEqual([expect.stringMatching(/^Alert at .* \(failed\): Defender is not .*…$/)]);
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
