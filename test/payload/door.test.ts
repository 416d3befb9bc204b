import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT, KNOWN_IPS } from '../../local/defender/alerts.js';
import { startWorld, type World } from '../support/world.js';
import { payloadOf } from './recorded-case.js';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const ALERT = `{"alertId":"${KNOWN_ALERT}"}`;
const LINK = `https://security.microsoft.com/alerts/${KNOWN_ALERT}?tid=00000000-0000-4000-8000-00000000beef`;
const AS_JSON = { 'content-type': 'application/json' };

describe('a body that cannot be read is refused by a text that says what it is and what to send', () => {
  let asked: number;
  beforeEach(() => {
    asked = world.asked().length;
  });

  const ndjson = `${ALERT}\n${ALERT}\n`;
  const multipart = `--xYzZY\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n\r\n${ALERT}\r\n--xYzZY--\r\n`;
  const marked = (text: string) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
  test.each<[string, string | Buffer, Record<string, string>, number, RegExp]>([
    ['one document a line', ndjson, AS_JSON, 400, /several documents.*one list/],
    [
      'one document a line, by its own type',
      ndjson,
      { 'content-type': 'application/x-ndjson' },
      415,
      /several documents.*one list/,
    ],
    [
      'JSON lines by their type',
      ndjson,
      { 'content-type': 'application/jsonl' },
      415,
      /several documents.*one list/,
    ],
    ['documents in a row', ALERT + ALERT, AS_JSON, 400, /several documents.*one list/],
    [
      'a large document and another one',
      `[${ALERT}${`,${ALERT}`.repeat(3_000)}]${ALERT}`,
      AS_JSON,
      400,
      /several documents/,
    ],
    [
      'documents with a record separator',
      `\u001e${ALERT}\n\u001e${ALERT}\n`,
      AS_JSON,
      400,
      /several documents/,
    ],
    ['an id without quotes as text', KNOWN_ALERT, { 'content-type': 'text/plain' }, 415, /in quotes/],
    ['an id without quotes', `${KNOWN_ALERT}\n`, AS_JSON, 400, /in quotes/],
    ['ids without quotes', `${KNOWN_ALERT}, ${KNOWN_ALERT}`, AS_JSON, 400, /in quotes/],
    ['UTF-16 with its mark', marked(ALERT), AS_JSON, 400, /UTF-16.*UTF-8/],
    ['UTF-16 without its mark', Buffer.from(ALERT, 'utf16le'), AS_JSON, 400, /UTF-16.*UTF-8/],
    [
      'UTF-16 in the other order, without its mark',
      Buffer.from(ALERT, 'utf16le').swap16(),
      AS_JSON,
      400,
      /UTF-16.*UTF-8/,
    ],
    ['Latin-1', Buffer.from('{"alertId":"é"}', 'latin1'), AS_JSON, 400, /not UTF-8/],
    [
      'compressed by its header',
      gzipSync(ALERT),
      { ...AS_JSON, 'content-encoding': 'gzip' },
      415,
      /Content-Encoding/,
    ],
    ['compressed without a header', gzipSync(ALERT), AS_JSON, 400, /compressed/],
    [
      'an upload in parts',
      multipart,
      { 'content-type': 'multipart/form-data; boundary=xYzZY' },
      415,
      /in parts/,
    ],
    ['an upload in parts under another type', multipart, AS_JSON, 400, /in parts/],
    ["curl's own type", ALERT, { 'content-type': 'application/x-www-form-urlencoded' }, 415, /curl/],
    ['a Python dict', `{'alertId': '${KNOWN_ALERT}'}`, AS_JSON, 400, /json\.dumps/],
    [
      "Kibana's three quotes",
      `{\n "alertId": """${KNOWN_ALERT}"""\n}`,
      AS_JSON,
      400,
      /line 2, column \d+.*three quotes/,
    ],
    ['half an object', `{"alertId":"${KNOWN_ALERT}","x":[1,`, AS_JSON, 400, /before it is complete/],
    [
      'a CEF line',
      `CEF:0|Microsoft|Windows Defender ATP||x|Example|5|externalId=${KNOWN_ALERT}\n`,
      AS_JSON,
      400,
      /not JSON/,
    ],
    ['a page', '<html></html>', AS_JSON, 400, /XML or HTML/],
    ['another charset', ALERT, { 'content-type': 'application/json; charset=utf-16' }, 415, /UTF-8/],
  ])('%s', async (_, body, headers, status, says) => {
    const answer = await world.enrich(body, '', headers);
    expect(answer.status).toBe(status);
    expect(answer.json.detail).toMatch(says);
    expect(world.asked()).toHaveLength(asked);
  });
});

describe('a body is read', () => {
  test.each([
    "application/json;charset='utf-8'",
    'application/json; charset="UTF-8"',
    'application/json; charset=utf8',
    'application/cloudevents-batch+json; charset=utf-8',
  ])('under %s', async (type) => {
    expect((await world.enrich(ALERT, '', { 'content-type': type })).status).toBe(200);
  });

  test('with a byte order mark, and with one within a string', async () => {
    expect((await world.enrich(`\ufeff${ALERT}`, '', AS_JSON)).status).toBe(200);
    expect((await world.enrich(JSON.stringify(`\ufeff${ALERT}`), '', AS_JSON)).status).toBe(200);
  });

  test('of another product’s alerts alone: 200, each skipped, and nobody is asked', async () => {
    const asked = world.asked().length;
    const { status, json } = await world.enrich(await payloadOf('field/wazuh-graph-alert-office'));
    expect(status).toBe(200);
    expect(json.enrichment).toMatchObject({ status: 'complete', alerts: [{ status: 'skipped' }] });
    expect(world.asked()).toHaveLength(asked);
  });

  test('with an alert by its address: it is looked up, and named by its id', async () => {
    const { status, json } = await world.enrich(JSON.stringify({ url: LINK }));
    expect(status).toBe(200);
    expect(json.alert).toEqual({ url: LINK, relatedIps: KNOWN_IPS });
    expect(json.enrichment.alerts).toMatchObject([{ alertId: KNOWN_ALERT, status: 'found', pointer: '' }]);
  });
});

describe('GET /api/alerts/{id}/ips takes the address of an alert’s page for its id', () => {
  test.each([
    ['escaped', encodeURIComponent(LINK)],
    ['escaped twice', encodeURIComponent(encodeURIComponent(LINK))],
    ['with its slashes escaped only', LINK.replaceAll('/', '%2F').replace('?', '%3F')],
    ['of the DoD portal', encodeURIComponent(`https://security.apps.mil/alerts/${KNOWN_ALERT}`)],
  ])('%s', async (_, id) => {
    const { status, json } = await world.get(`/api/alerts/${id}/ips`);
    expect(status).toBe(200);
    expect(json.value).toEqual(KNOWN_IPS.map((ip) => ({ id: ip })));
  });

  test.each([
    [
      'of another site',
      encodeURIComponent(LINK.replace('security.microsoft.com', 'security.microsoft.com.evil.example')),
    ],
    ['of an incident', encodeURIComponent('https://security.microsoft.com/incidents/4711')],
    ['with a blank behind it', `${encodeURIComponent(LINK)}%20`],
    ['with a broken escape', '%25E0%25A4%25A'],
  ])('%s: 400', async (_, id) => {
    const asked = world.asked().length;
    expect((await world.get(`/api/alerts/${id}/ips`)).status).toBe(400);
    expect(world.asked()).toHaveLength(asked);
  });
});
