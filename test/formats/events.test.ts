import { describe, expect, test } from '@jest/globals';
import type { EnrichedPayload } from '../../shared/enrichment/enrich.js';
import { ecs } from '../../shared/formats/ecs.js';
import { ocsf } from '../../shared/formats/ocsf.js';
import { render } from '../../shared/formats/render.js';
import {
  alert,
  alertId,
  NOTHING_FOUND,
  ONE_ALERT,
  PARTIAL,
  payload,
  relatedIp,
  rendered,
  SHARED,
  UNAVAILABLE,
} from './enrichments.js';

const FAILURE = 'Defender is not available. Defender answered 503 three times.';
const FAILED = payload([alert(1, { status: 'failed', error: UNAVAILABLE })], []);

/** A payload that is one event of a shape, and what came of it. */
function eventOf(shape: string, text: string, more: Parameters<typeof alert>[1] = {}): EnrichedPayload {
  const ips = more.status === 'failed' ? [] : ['198.51.100.3', '2001:db8::1'];
  const entry = alert(1, { shape, pointer: '', ips, ...more });
  const enriched = payload(
    [entry],
    ips.map((ip) => relatedIp(ip, [alertId(1)])),
  );
  return { ...enriched, posted: { text, payload: JSON.parse(text) } };
}

const failed = { status: 'failed', error: UNAVAILABLE } as const;

describe('ecs, of a payload that is no ECS document', () => {
  test('has IPs of both versions in related.ip', () => {
    expect(rendered(ecs, ONE_ALERT).related).toEqual({ ip: ['198.51.100.3', '2001:db8::1'] });
  });

  test('has a shared address once, and with each of its alerts', () => {
    const { related, alert_ip_enrichment } = rendered(ecs, SHARED);
    expect(related.ip).toEqual(['192.0.2.1', '10.0.0.7']);
    expect(alert_ip_enrichment.alerts.map(({ ips }: { ips: string[] }) => ips)).toEqual([
      ['192.0.2.1', '10.0.0.7'],
      ...Array(4).fill(['192.0.2.1']),
    ]);
  });

  test('says what failed and what was skipped, and no list in their place', () => {
    const { status, alerts } = rendered(ecs, PARTIAL).alert_ip_enrichment;
    expect(status).toBe('partial');
    expect(alerts.slice(1)).toEqual([
      {
        id: 'aa0123456789',
        status: 'skipped',
        reason: 'This is an alert of Microsoft Defender for Identity.',
      },
      { status: 'skipped', reason: 'No usable id.' },
      { id: alertId(4), status: 'not_found', reason: 'Defender for Endpoint does not know this alert.' },
      { id: alertId(5), status: 'failed', reason: FAILURE, retry_after_seconds: 30 },
    ]);
  });

  test.each([
    ['nothing was found', NOTHING_FOUND],
    ['all lookups failed', FAILED],
    ['a lookup failed', PARTIAL],
  ])('has no related.ip that could replace the one of a document when %s', (_, enriched) => {
    expect(Object.keys(rendered(ecs, enriched))).toEqual(['alert_ip_enrichment']);
  });

  test('holds nothing that the document knows better', () => {
    expect(Object.keys(rendered(ecs, SHARED))).toEqual(['related', 'alert_ip_enrichment']);
    expect(Object.keys(rendered(ecs, SHARED).related)).toEqual(['ip']);
  });
});

describe('ecs, with what a source says of addresses', () => {
  const ips = [
    relatedIp('198.51.100.3', [alertId(1)], {
      evidence: { verdict: 'malicious', roles: ['attacker', 'scanned'], country: 'RU' },
    }),
    relatedIp('2001:db8::1', [alertId(1)], { evidence: { verdict: 'suspicious' } }),
    relatedIp('192.0.2.1', [alertId(1)], { evidence: { verdict: 'noThreatsFound', country: 'DE' } }),
  ];
  const entry = alert(1, { shape: 'ecs', pointer: '', ips: ips.map(({ address }) => address) });
  const THREATS = [
    {
      indicator: {
        type: 'ipv4-addr',
        ip: '198.51.100.3',
        description: 'Verdict: malicious; roles: attacker, scanned',
        geo: { country_iso_code: 'RU' },
      },
    },
    { indicator: { type: 'ipv6-addr', ip: '2001:db8::1', description: 'Verdict: suspicious' } },
  ];

  test('has those that are bad as indicators in threat.enrichments, of a fragment', () => {
    const { related, threat } = rendered(ecs, payload([entry], ips));
    expect(related.ip).toHaveLength(3);
    expect(threat).toEqual({ enrichments: THREATS });
    const partly = payload([entry, alert(2, { status: 'failed', error: UNAVAILABLE })], ips);
    expect(rendered(ecs, partly)).not.toHaveProperty('threat');
  });

  const all = JSON.stringify(THREATS).slice(1);
  test.each([
    ['{"a":1}', `"threat":{"enrichments":[${all}}`],
    [
      '{"threat":{"enrichments":[{"n":12345678901234567890}],"b":1}}',
      `{"threat":{"enrichments":[{"n":12345678901234567890},${all},"b":1}`,
    ],
    ['{"threat":{"b":1}}', `{"threat":{"b":1,"enrichments":[${all}}`],
    ['{"threat.enrichments":[],"threat":{"b":1}}', `{"threat.enrichments":[${all},"threat":{"b":1}`],
    ['{"threat":null}', `{"threat":null,`],
    ['{"threat":null}', `"threat.enrichments":[${all}`],
  ])('of the document %s has %s', async (text, part) => {
    const posted = { text, payload: JSON.parse(text) };
    expect(await render(ecs, { ...payload([entry], ips), posted })).toContain(part);
  });
});

test.each([
  ['{"threat":{"enrichments":[{"matched":{}},7,null]}}'],
  ['{"threat.enrichments":[]}'],
  ['{"a":1}'],
])('ecs has nothing twice when its answer for %s is posted again', async (text) => {
  const evidence = { verdict: 'malicious', country: 'RU' } as const;
  const ips = [relatedIp('198.51.100.3', [alertId(1)], { evidence })];
  const entry = alert(1, { shape: 'ecs', pointer: '', ips: ['198.51.100.3'] });
  const answerTo = (posted: string) =>
    render(ecs, { ...payload([entry], ips), posted: { text: posted, payload: JSON.parse(posted) } });
  const once = await answerTo(text);
  expect(once.split('"indicator"')).toHaveLength(2);
  expect(await answerTo(once)).toBe(once);
});

describe('ecs, of a payload that is one ECS document', () => {
  const OURS = '"alert_ip_enrichment":';

  test('gives the document back with the addresses behind its own, and else as it was to the character', async () => {
    const text = `{ "@timestamp":"t","event":{"id":"${alertId(1)}","sequence":12345678901234567890},
      "related": {"ip" : ["10.0.0.1","198.51.100.3"], "user":["a"]} }`;
    const answer = await render(ecs, eventOf('ecs', text));
    expect(
      answer.startsWith(
        text
          .replace('["10.0.0.1","198.51.100.3"]', '["10.0.0.1","198.51.100.3","2001:db8::1"]')
          .trimEnd()
          .slice(0, -2),
      ),
    ).toBe(true);
    expect(JSON.parse(answer).alert_ip_enrichment).toMatchObject({
      status: 'complete',
      alerts: [{ status: 'found' }],
    });
  });

  test.each([
    ['{"a":1}', '{"a":1,"related":{"ip":["198.51.100.3","2001:db8::1"]}'],
    ['{"related.ip":"10.0.0.1"}', '{"related.ip":["10.0.0.1","198.51.100.3","2001:db8::1"]'],
    ['{"related":{"user":["a"]}}', '{"related":{"user":["a"],"ip":["198.51.100.3","2001:db8::1"]}'],
    ['{"related":null,"a":1}', '{"related":null,"a":1,"related.ip":["198.51.100.3","2001:db8::1"]'],
  ])('%s becomes %s…', async (text, beginning) => {
    expect((await render(ecs, eventOf('ecs', text))).startsWith(`${beginning},${OURS}`)).toBe(true);
  });

  test('leaves the addresses of the document alone when the lookup failed', async () => {
    const text = '{"related":{"ip":["10.0.0.1"]}}';
    expect(
      (await render(ecs, eventOf('ecs', text, failed))).startsWith('{"related":{"ip":["10.0.0.1"]},'),
    ).toBe(true);
  });

  test('gives a fragment where the document is inside of something', async () => {
    const enriched = eventOf('ecs', '{"_source":{}}', { pointer: '/_source' });
    expect(Object.keys(rendered(ecs, enriched))).toEqual(['related', 'alert_ip_enrichment']);
  });
});

/** What OCSF says of both objects: see the links in the source. `name` is a reference made of attributes' names. */
function checkOcsf({ observables = [], enrichments = [] }: Record<string, Record<string, unknown>[]>): void {
  for (const { name, type_id, value } of observables) {
    expect(name).toMatch(/^[a-z0-9_]+(\.[a-z0-9_]+)*$/);
    expect(String(name)).not.toMatch(/\bdata\./);
    expect(type_id).toBe(2);
    expect(value).toEqual(expect.any(String));
  }
  for (const { name, value, data, ...others } of enrichments) {
    expect([typeof name, typeof value, typeof data]).toEqual(['string', 'string', 'object']);
    expect(Object.keys(others).sort()).toEqual(['provider', 'type']);
  }
}

describe('ocsf, of a payload that is no finding', () => {
  test.each([NOTHING_FOUND, ONE_ALERT, SHARED, PARTIAL, FAILED])(
    'has what the schema requires, and no other members',
    (enriched) => {
      const { observables, enrichments, ...others } = rendered(ocsf, enriched);
      expect(others).toEqual({});
      checkOcsf({ observables, enrichments });
      expect(enrichments).toHaveLength(enriched.enrichment.alerts.length);
    },
  );

  test('has an observable for each address', () => {
    const values = rendered(ocsf, SHARED).observables.map(({ value }: { value: string }) => value);
    expect(values).toEqual(['192.0.2.1', '10.0.0.7']);
  });

  test('has no list of observables that could replace one of the event unless all was answered', () => {
    for (const enriched of [NOTHING_FOUND, PARTIAL, FAILED]) {
      expect(rendered(ocsf, enriched)).not.toHaveProperty('observables');
    }
  });

  test('names the finding that an enrichment pertains to', () => {
    expect(rendered(ocsf, ONE_ALERT).enrichments).toEqual([
      {
        name: 'finding_info.uid',
        value: alertId(1),
        type: 'related-ips',
        provider: 'Microsoft Defender for Endpoint',
        data: { status: 'found', pointer: '/value/1', ips: ['198.51.100.3', '2001:db8::1'] },
      },
    ]);
  });

  test('says what failed and what was skipped, by pointer where there is no id', () => {
    const { enrichments } = rendered(ocsf, PARTIAL);
    const values = enrichments.map(({ value }: { value: string }) => value);
    expect(values).toEqual([alertId(1), 'aa0123456789', '', alertId(4), alertId(5)]);
    expect(enrichments[2].data).toEqual({ status: 'skipped', pointer: '/value/3', reason: 'No usable id.' });
    expect(enrichments[4].data).toEqual({
      status: 'failed',
      pointer: '/value/5',
      reason: FAILURE,
      retry_after_seconds: 30,
    });
  });
});

describe('ocsf, of a payload that is one finding', () => {
  const text = `{"class_uid":2004,"time":12345678901234567890,"observables":[ {"name":"a.b","type_id":1} ] ,"severity_id":1}`;

  test('gives the finding back with both lists added to, and else as it was to the character', async () => {
    const answer = await render(ocsf, eventOf('ocsf-finding', text));
    expect(answer).toContain(
      '"time":12345678901234567890,"observables":[ {"name":"a.b","type_id":1},{"name":',
    );
    const { observables, enrichments, severity_id } = JSON.parse(answer);
    expect(severity_id).toBe(1);
    expect(observables.map(({ value }: { value: string }) => value)).toEqual([
      undefined,
      '198.51.100.3',
      '2001:db8::1',
    ]);
    checkOcsf({ observables: observables.slice(1), enrichments });
  });

  test('adds no observable twice to a finding that was enriched before', async () => {
    const once = await render(ocsf, eventOf('ocsf-finding', text));
    expect(JSON.parse(await render(ocsf, eventOf('ocsf-finding', once))).observables).toHaveLength(3);
  });

  test('leaves its observables alone when the lookup failed, and says so', async () => {
    const { observables, enrichments } = JSON.parse(
      await render(ocsf, eventOf('ocsf-finding', text, failed)),
    );
    expect(observables).toEqual([{ name: 'a.b', type_id: 1 }]);
    expect(enrichments).toMatchObject([{ data: { status: 'failed' } }]);
  });

  test('leaves alone what is no list', async () => {
    const odd = '{"observables":{"a":1},"enrichments":null}';
    const { observables, enrichments } = JSON.parse(await render(ocsf, eventOf('ocsf-finding', odd)));
    expect(observables).toEqual({ a: 1 });
    expect(enrichments).toHaveLength(1);
  });
});
