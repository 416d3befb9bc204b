import { describe, expect, test } from '@jest/globals';
import { defenderApi } from '../../shared/defender/api.js';
import { excerpt, type HttpAnswer, readAnswer, withoutToken } from '../../shared/upstream/wire.js';

const API = defenderApi({ apiHost: 'https://api.test', audience: 'https://api.test' });
const NOW = Date.UTC(2026, 10, 23, 18, 0, 0);
const answer = (status: number, more: Partial<HttpAnswer> = {}): HttpAnswer => ({
  status,
  retryAfter: null,
  date: null,
  contentType: null,
  warning: null,
  body: '',
  ...more,
});
const body = '{"error":{"code":"SomeCode","message":"Some message.","target":"correlation-1"}}';
const upstream = { code: 'SomeCode', message: 'Some message.', target: 'correlation-1' };

describe('readAnswer', () => {
  test.each([
    [200, { kind: 'answered', status: 200, body, contentType: undefined, isPartial: false }],
    [201, { kind: 'malformed', status: 201, what: 'HTTP 201 and no answer' }],
    [204, { kind: 'malformed', status: 204, what: 'HTTP 204 and no answer' }],
    [299, { kind: 'malformed', status: 299, what: 'HTTP 299 and no answer' }],
    [300, { kind: 'redirected', status: 300 }],
    [302, { kind: 'redirected', status: 302 }],
    [399, { kind: 'redirected', status: 399 }],
    [400, { kind: 'refused', status: 400, upstream }],
    [401, { kind: 'unauthorized', status: 401, upstream }],
    [403, { kind: 'forbidden', status: 403, upstream }],
    [405, { kind: 'refused', status: 405, upstream }],
    [408, { kind: 'unavailable', status: 408, retryAfterMs: undefined, upstream }],
    [410, { kind: 'retired', status: 410, upstream }],
    [429, { kind: 'throttled', status: 429, retryAfterMs: undefined, upstream }],
    [499, { kind: 'refused', status: 499, upstream }],
    [500, { kind: 'unavailable', status: 500, retryAfterMs: undefined, upstream }],
    [503, { kind: 'unavailable', status: 503, retryAfterMs: undefined, upstream }],
  ])('HTTP %d', (status, outcome) => {
    expect(readAnswer(answer(status, { body }), NOW, API)).toEqual(outcome);
  });

  test("the wait that is asked for is read, by the answer's own date", () => {
    const dated = { retryAfter: 'Mon, 23 Nov 2026 18:10:03 GMT', date: 'Mon, 23 Nov 2026 18:10:00 GMT' };
    for (const status of [408, 429, 500]) {
      expect(readAnswer(answer(status, { retryAfter: '7' }), NOW, API)).toMatchObject({
        retryAfterMs: 7_000,
      });
      expect(readAnswer(answer(status, dated), NOW, API)).toMatchObject({ retryAfterMs: 3_000 });
    }
  });

  test.each([
    ['', undefined],
    ['<html>', undefined],
    ['null', undefined],
    ['"error"', undefined],
    ['{}', undefined],
    ['{"error":null}', undefined],
    ['{"error":"text"}', undefined],
    ['{"error":{"message":"no code"}}', undefined],
    ['{"error":{"code":7}}', undefined],
    ['{"error":{"code":"A"}}', { code: 'A', message: '' }],
    ['{"error":{"code":"A","message":7,"target":null}}', { code: 'A', message: '' }],
  ])('an error body of %j', (text, error) => {
    expect(readAnswer(answer(400, { body: text }), NOW, API)).toMatchObject({
      kind: 'refused',
      upstream: error,
    });
  });

  test("a 404 in Defender's own words is not-found", () => {
    const own =
      '{"error":{"code":"ResourceNotFound","message":"Alert x not found","target":"correlation-1"}}';
    expect(readAnswer(answer(404, { body: own }), NOW, API)).toMatchObject({
      kind: 'not-found',
      status: 404,
      upstream: { code: 'ResourceNotFound', target: 'correlation-1' },
    });
  });

  test.each([
    ['', 'not in its error form'],
    ['<html>Not Found</html>', 'not in its error form'],
    ['{"statusCode":404,"message":"Resource not found"}', 'not in its error form'],
    ['{"message":"no Route matched with those values"}', 'not in its error form'],
    ['{"error":"ResourceNotFound"}', 'not in its error form'],
    ['{"error":{"code":"ResourceNotFound"', 'not in its error form'],
    ['[{"error":{"code":"ResourceNotFound"}}]', 'not in its error form'],
    ['{"error":{"code":"NotFound","message":"No resource"}}', 'NotFound'],
    ['{"error":{"code":"resourcenotfound"}}', 'resourcenotfound'],
  ])('any other 404 is malformed, and says why: %s', (text, why) => {
    const outcome = readAnswer(answer(404, { body: text }), NOW, API);
    expect(outcome).toMatchObject({ kind: 'malformed', status: 404, what: expect.stringContaining(why) });
  });

  test('long texts are cut', () => {
    const long = 'x'.repeat(1_000);
    const text = JSON.stringify({ error: { code: long, message: long, target: long } });
    const cut = `${'x'.repeat(200)}…`;
    expect(readAnswer(answer(400, { body: text }), NOW, API)).toMatchObject({
      upstream: { code: cut, message: cut, target: cut },
    });
    expect(excerpt('x'.repeat(200))).toBe('x'.repeat(200));
  });
});

describe('withoutToken', () => {
  const header = 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9';
  const payload = 'eyJhdWQiOiJodHRwczovL2FwaS5zZWN1cml0eWNlbnRlci5taWNyb3NvZnQuY29tIn0';
  const signature = 'c2lnbmF0dXJlLW9mLXRoZS10b2tlbi13aGljaC1pcy1sb25n';
  const token = `${header}.${payload}.${signature}`;

  test.each([
    ['whole', token],
    ['the beginning', token.slice(0, 150)],
    ['of the middle', payload.slice(10, 40)],
    ['of the signature', signature.slice(5, 25)],
    ['joined to other text', `x${signature.slice(3, 30)}y`],
    ['the payload only', payload],
  ])('no part of the token of 20 characters is left in an error body: %s', (_which, part) => {
    const text = withoutToken(`{"error":{"code":"A","message":"You sent ${part} to us."}}`, token, 403);
    for (let at = 0; at + 20 <= token.length; at++) expect(text).not.toContain(token.slice(at, at + 20));
    expect(text).toContain('You sent ***');
    expect(text).toContain('to us.');
  });

  test("anybody's JWT is taken out, and other words stay", () => {
    const other = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.';
    expect(withoutToken(`a ${other} b`, token, 200)).toBe('a *** b');
    const message =
      'Alert da637472900382838869_1364969609 of 0f8fad5b-d9cb-469f-a165-70867728950e was not found.';
    expect(withoutToken(message, token, 404)).toBe(message);
  });

  test('a long error body costs little, and is cut', () => {
    expect(withoutToken(signature.repeat(200_000), token, 500).length).toBeLessThan(70_000);
  });
});
