import type { EnrichedPayload } from '../../shared/enrichment/enrich.js';
import type { AlertEntry } from '../../shared/enrichment/result.js';
import fc from '../support/properties.js';
import { alert, alertId, ipv4, payload, relatedIp } from './enrichments.js';

/** Texts that mean something to HTML, to Markdown or to a chat program. */
export const ATTACKS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</td></tr></table><h1>',
  '&lt;b&gt; &amp; &#x3c;',
  '<!-- ',
  '![x](https://evil.example/x.png)',
  '[click](javascript:alert(1))',
  '[ref]: https://evil.example',
  'https://evil.example/?a=1&b=2',
  'WWW.evil.example',
  'mail root@evil.example',
  '@channel <!everyone> <@U123>',
  '| a | b |\n| --- | --- |',
  '`code` ``more`` ```\nfence',
  '**bold** __strong__ ~~gone~~ $x^2$',
  'a\r\n# heading\n\n- item\n> quote',
  '\\',
  '\\|\\`\\[',
  'and 7 more',
  '\u202eexe.txt\u2066 \u200b\u0000\u001b[31m\u0085',
  '\ud800 lonely \udc00',
  '\u{1f600}',
];

/** Any text, mostly with something hostile in it. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...ATTACKS), fc.string({ unit: 'binary', maxLength: 20 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) => parts.join(' '));

/** An alert without an answer whose every text is hostile. */
const hostileAlert: fc.Arbitrary<AlertEntry> = fc
  .record({
    n: fc.nat(9_999),
    hasId: fc.boolean(),
    status: fc.constantFrom('skipped', 'failed', 'not_found'),
    id: hostileText,
    text: hostileText,
    other: hostileText,
  })
  .map(({ n, hasId, status, id, text, other }) => {
    const { alertId: _, ...rest } = alert(n, { shape: text, pointer: `/${other}` });
    const named = hasId ? { ...rest, alertId: n % 2 ? id : alertId(n) } : rest;
    if (status === 'skipped') return { ...named, status, product: other, reason: text };
    if (status === 'failed') {
      const error = { type: 'urn:x', title: other, status: 503, detail: text };
      return { ...named, status, error, retryAfterSeconds: n };
    }
    return { ...named, status };
  });

/** Up to 900 addresses and 400 hostile alerts: from a short comment to one that has to be cut. */
export const hostilePayload: fc.Arbitrary<EnrichedPayload> = fc
  .record({
    ips: fc.oneof(fc.nat(5), fc.nat(900)),
    alerts: fc.array(hostileAlert, { maxLength: 5 }),
    repeat: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 80 })),
    withStats: fc.boolean(),
    seen: fc.option(hostileText),
    ids: fc.oneof(fc.constant([alertId(1)]), fc.array(hostileText, { minLength: 1, maxLength: 4 })),
  })
  .map(({ ips, alerts, repeat, withStats, seen, ids }) =>
    payload(
      Array.from({ length: repeat }, () => alerts).flat(),
      Array.from({ length: ips }, (_, n) =>
        relatedIp(
          ipv4(n),
          ids,
          withStats ? { stats: { organizationPrevalence: n, firstSeen: seen, lastSeen: seen } } : {},
        ),
      ),
    ),
  );
