import { afterEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { startWorld, type World } from '../support/world.js';

let world: World;
afterEach(() => world.close());

const ALERT = { id: KNOWN_ALERT, machineId: 'm', detectionSource: 'WindowsDefenderAtp' };
const FRAMINGS = [
  ['with a Content-Length', {}],
  ['chunked', { 'transfer-encoding': 'chunked' }],
] as const;

describe.each(FRAMINGS)('a payload that has a member "headers" at its top, posted %s', (_name, framing) => {
  test.each([
    ['Headers', { 'Content-Type': 'text/xml' }],
    ['Headers', { 'Content-Type': 'application/json; charset=utf-16' }],
    ['Headers', { 'Content-Encoding': 'gzip' }],
    ['Headers', { 'Content-Length': '99999999' }],
    ['Headers', { 'Transfer-Encoding': 'chunked', 'Content-Type': 'text/xml', Host: 'h' }],
    ['headers', { 'Content-Type': 'text/xml' }],
    ['HEADERS', { 'Content-Type': 'text/xml' }],
    ['Headers', 'text/xml'],
    ['headers', {}],
  ])('is read whatever is in it: %s %j', async (name, headers) => {
    world = await startWorld();
    const { status, json } = await world.enrich({ [name]: headers, Body: ALERT }, '', { ...framing });
    expect([status, json.enrichment?.alerts[0].status]).toEqual([200, 'found']);
  });

  test('is not echoed, not logged, and no handshake', async () => {
    world = await startWorld();
    const headers = {
      'x-ms-client-request-id': 'of-the-payload',
      'x-ms-workflow-run-id': 'run-of-the-payload',
      'aeg-event-type': 'SubscriptionValidation',
    };
    const payload = { Headers: headers, data: { validationCode: 'swallowed' }, Body: ALERT };
    const answer = await world.enrich(payload, '', { ...framing });
    expect([answer.status, answer.json.enrichment?.alerts[0].status]).toEqual([200, 'found']);
    expect(answer.headers['x-ms-client-request-id']).not.toBe('of-the-payload');
    expect(JSON.stringify(world.logs)).not.toContain('of-the-payload');
  });
});

describe.each(FRAMINGS)('a body that is refused by its own headers, posted %s', (_name, framing) => {
  test.each([
    ['text/plain', KNOWN_ALERT, 'in quotes'],
    ['application/x-ndjson', '{}\n{}', 'list'],
    ['multipart/form-data; boundary=x', '--x', 'in parts'],
    ['application/x-www-form-urlencoded', 'a=b', 'curl'],
    ['application/json; charset=utf-16', '{}', 'charset'],
  ])('%s: 415 that says what it is', async (type, body, hint) => {
    world = await startWorld();
    const { status, json } = await world.enrich(body, '', { ...framing, 'content-type': type });
    expect([status, json.detail]).toEqual([415, expect.stringContaining(hint)]);
  });

  test.each([
    "application/json;charset='utf-8'",
    'application/json; charset="UTF-8"',
    'text/json; charset=us-ascii',
  ])('%s is JSON in UTF-8', async (type) => {
    world = await startWorld();
    expect((await world.enrich(ALERT, '', { ...framing, 'content-type': type })).status).toBe(200);
  });

  test.each([
    ['UTF-16 with its mark', Buffer.from(`\ufeff${JSON.stringify(ALERT)}`, 'utf16le'), 'UTF-16'],
    ['UTF-16 without', Buffer.from(JSON.stringify(ALERT), 'utf16le'), 'UTF-16'],
    ['gzip', Buffer.from('1f8b0800000000000003', 'hex'), 'compressed'],
    ['Latin-1', Buffer.from([0x22, 0xe9, 0x22]), 'UTF-8'],
  ])('%s that is said to be JSON: 400 that names it', async (_encoding, body, hint) => {
    world = await startWorld();
    const { status, json } = await world.enrich(body, '', { ...framing });
    expect([status, json.detail]).toEqual([400, expect.stringContaining(hint)]);
  });
});
