import { describe, expect, test } from '@jest/globals';
import { RequestError } from '../../shared/base/errors.js';
import { parseJson } from '../../shared/payload/json.js';
import { type AlertReference, findAlerts } from '../../shared/payload/references.js';
import { attachRelatedIps } from '../../shared/payload/splice.js';

const ALERT_ID = 'da637472900382838869_1364969609';
const MANY = 100_000;
const MEGABYTES_20 = 20 * 1024 * 1024;

/** The error's kind and the start of its message, or the references. */
function outcome(text: string): string | readonly AlertReference[] {
  try {
    return findAlerts(parseJson(text));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    expect(error.message.length).toBeLessThan(3000);
    return error.kind;
  }
}

function attached(text: string): string {
  const references = findAlerts(parseJson(text));
  return attachRelatedIps(
    text,
    references.flatMap((reference) =>
      reference.kind === 'endpoint' && reference.attachTo
        ? [{ path: reference.attachTo, ips: ['192.0.2.1'] }]
        : [],
    ),
  );
}

const list = (element: string, count = MANY) => `[${Array(count).fill(element).join(',')}]`;

describe('arrays of 100,000', () => {
  test.each([
    ['numbers', '7', 'no-alert-found'],
    ['empty objects', '{}', 'no-alert-found'],
    ['empty arrays', '[]', 'no-alert-found'],
    ['objects with an id', '{"id":"x"}', 'no-alert-found'],
    ['nulls', 'null', 'no-alert-found'],
    ['ids', `"${ALERT_ID}"`, 'invalid-body'],
    ['alerts', `{"id":"${ALERT_ID}","machineId":"x","detectionSource":"y"}`, 'invalid-body'],
    ['alerts as strings', JSON.stringify(`{"alertId":"${ALERT_ID}"}`), 'invalid-body'],
    ['unknown objects with ids', `{"ticket":{"alertId":"${ALERT_ID}"}}`, 'invalid-body'],
    ['events', '{"specversion":"1.0","data":{}}', 'no-alert-found'],
  ])('%s', (_, element, kind) => {
    expect(outcome(list(element))).toBe(kind);
    expect(outcome(`{"value":${list(element)}}`)).toBe(kind);
  });

  test('strings that are no ids: too many in a list of ids, nothing at all elsewhere', () => {
    expect(outcome(list('"x"'))).toBe('invalid-body');
    expect(outcome(`{"value":${list('"x"')}}`)).toBe('no-alert-found');
  });

  test('10,000 alerts are taken, one more is not', () => {
    expect(outcome(list(`"${ALERT_ID}"`, 10_000))).toHaveLength(10_000);
    expect(outcome(list(`"${ALERT_ID}"`, 10_001))).toBe('invalid-body');
    expect(outcome(`{"t":${list(`{"t":{"id":"${ALERT_ID}"}}`, 10_000)}}`)).toHaveLength(10_000);
  });

  test('100,000 addresses of one alert: the first 10,000 are kept, and these of other alerts too', () => {
    const evidence = Array.from({ length: MANY }, (_, n) => ({
      ipAddress: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
    }));
    const alert = { id: ALERT_ID, machineId: 'x', detectionSource: 'y', evidence };
    const another = { ...alert, evidence: [evidence[MANY - 1], evidence[7], { ipAddress: '10.9.9.9' }] };
    const references = outcome(JSON.stringify([alert, ...Array(3).fill(another)]));
    expect(references).toMatchObject([
      { kind: 'endpoint' },
      { payloadIps: ['10.0.0.7'] },
      { payloadIps: ['10.0.0.7'] },
      { payloadIps: ['10.0.0.7'] },
    ]);
    expect((references as unknown as { payloadIps: string[] }[])[0]?.payloadIps).toHaveLength(10_000);
    const artifact = { source_data_identifier: ALERT_ID, artifacts: [{ cef: { evidence } }] };
    expect(outcome(JSON.stringify(artifact))).toMatchObject([{ kind: 'endpoint', shape: 'splunk-soar' }]);
  });

  test('100,000 members of one name and of many', () => {
    const same = `{${Array(MANY).fill(`"id":"${ALERT_ID}"`).join(',')}}`;
    expect(outcome(same)).toMatchObject([{ alertId: ALERT_ID, shape: 'plain' }]);
    expect(JSON.parse(attached(same))).toEqual({ id: ALERT_ID, relatedIps: ['192.0.2.1'] });
    const many = `{${Array.from({ length: MANY }, (_, n) => `"n${n}":${n}`).join(',')},"alertId":"${ALERT_ID}"}`;
    expect(attached(many)).toBe(`${many.slice(0, -1)},"relatedIps":["192.0.2.1"]}`);
  });
});

describe('nesting of 10,000', () => {
  const deep = (open: string, close: string, inside = '') =>
    open.repeat(10_000) + inside + close.repeat(10_000);

  test.each([
    ['arrays', deep('[', ']')],
    ['objects', deep('{"a":', '}', '1')],
    ['wrappers', deep('{"body":', '}', `{"alertId":"${ALERT_ID}"}`)],
    ['unclosed', '['.repeat(10_000)],
    ['inside an alert', `{"alertId":"${ALERT_ID}","x":${deep('[', ']')}}`],
  ])('%s', (_, text) => {
    expect(outcome(text)).toBe('invalid-body');
  });

  test('inside a JSON string it is left alone', () => {
    const text = JSON.stringify({ alertId: ALERT_ID, body: deep('[', ']') });
    expect(attached(text)).toBe(`${text.slice(0, -1)},"relatedIps":["192.0.2.1"]}`);
    expect(outcome(JSON.stringify({ ticket: { body: deep('{"id":', '}', '1') } }))).toBe('no-alert-found');
  });

  test('strings in strings in strings', () => {
    let text = JSON.stringify({ alertId: ALERT_ID });
    for (let layer = 0; layer < 5; layer++) text = JSON.stringify(text);
    expect(outcome(text)).toMatchObject([{ path: [], shape: 'plain' }]);
    let result = attached(text);
    for (let layer = 0; layer < 5; layer++) result = JSON.parse(result);
    expect(result).toBe(`{"alertId":"${ALERT_ID}","relatedIps":["192.0.2.1"]}`);
    expect(outcome(JSON.stringify(text))).toBe('no-alert-found'); // a sixth
  });
});

describe('20 MB', () => {
  const fill = (text: string) => text.repeat(Math.floor(MEGABYTES_20 / text.length));

  test('of one alert: answered, and nothing else changed', () => {
    const text = JSON.stringify({ alertId: ALERT_ID, text: fill('"\\\n\u0001é') });
    expect(attached(text)).toBe(`${text.slice(0, -1)},"relatedIps":["192.0.2.1"]}`);
  });

  test.each([
    ['blanks', ' ', 'invalid-body'],
    ['line breaks and then something', '\n', 'invalid-body'],
    ['brackets', '[', 'invalid-body'],
    ['closing brackets', '}', 'invalid-body'],
    ['quotes', '"', 'invalid-body'],
    ['backslashes', '\\', 'invalid-body'],
    ['escaped quotes', '\\"', 'invalid-body'],
  ])('of %s', (_, part, kind) => {
    expect(outcome(fill(part))).toBe(kind);
    expect(outcome(`{"id":"${fill(part)}`)).toBe(kind);
    expect(outcome(`${fill(part)}x`)).toBe(kind);
  });

  test.each([
    ['an id', 'id', ALERT_ID],
    ['an odata context', '@odata.context', '#Alerts('],
    ['a link', 'alertWebUrl', 'https://security.microsoft.com/alerts/'],
    ['a resource', 'resource', '/alerts_v2/'],
    ['a string that begins as JSON does', 'body', '[{"'],
    ['blanks in a string', 'body', ' '],
    ['a name', 'category', 'AdvancedHunting-'],
  ])('of %s', (_, name, part) => {
    const text = JSON.stringify({ id: 'x', subscriptionId: 's', changeType: 'c', [name]: fill(part) });
    expect(outcome(text)).toBe('no-alert-found');
  });
});

test('the name of a product is answered cut off', () => {
  const references = outcome(JSON.stringify({ id: 'x', serviceSource: 'contoso '.repeat(1_000_000) }));
  expect(references).toMatchObject([
    { kind: 'other-product', product: expect.stringMatching(/^.{50,100}$/) },
  ]);
});

describe('odd bytes', () => {
  test('a byte order mark inside a JSON string stays', () => {
    const text = JSON.stringify({ body: `\ufeff{"alertId":"${ALERT_ID}"}` });
    expect(JSON.parse(attached(text)).body).toBe(
      `\ufeff{"alertId":"${ALERT_ID}","relatedIps":["192.0.2.1"]}`,
    );
  });

  test.each(['../', '%00', '%2F', '\u0000', '/ips', '?x=1', '#', '١', '.', '_'])(
    'an id with %j in it is none',
    (part) => {
      for (const id of [`${ALERT_ID}${part}`, `${part}${ALERT_ID}`, ALERT_ID.replace('_', `${part}_`)]) {
        expect(outcome(JSON.stringify({ alertId: id }))).toBe('no-alert-found');
        expect(outcome(JSON.stringify({ id, machineId: 'x', detectionSource: 'y' }))).toBe('no-alert-found');
        expect(outcome(JSON.stringify({ ticket: { id } }))).toBe('no-alert-found');
      }
    },
  );

  test.each(['\r\n', '\n', '\u2028', '\u00a0', '\t', ' '])(
    '%j around an id is left out, and never in it',
    (blank) => {
      const padded = `${blank}${ALERT_ID}${blank}${blank}`;
      for (const payload of [{ alertId: padded }, { ticket: { id: padded } }, [padded]]) {
        expect(outcome(JSON.stringify(payload))).toMatchObject([{ alertId: ALERT_ID }]);
      }
      const torn = ALERT_ID.replace('_', `${blank}_`);
      expect(outcome(JSON.stringify({ alertId: torn }))).toBe('no-alert-found');
    },
  );
});
