import { describe, expect, test } from '@jest/globals';
import { excerpt, type HttpAnswer, readAnswer } from '../../shared/defender/wire.js';

const NOW = Date.UTC(2026, 10, 23, 18, 0, 0);
const answer = (status: number, more: Partial<HttpAnswer> = {}): HttpAnswer => ({
  status,
  retryAfter: null,
  date: null,
  body: '',
  ...more,
});
const body = '{"error":{"code":"SomeCode","message":"Some message.","target":"correlation-1"}}';
const upstream = { code: 'SomeCode', message: 'Some message.', target: 'correlation-1' };

describe('readAnswer', () => {
  test.each([
    [200, { kind: 'answered', body }],
    [201, { kind: 'malformed', what: 'HTTP 201 and no answer' }],
    [204, { kind: 'malformed', what: 'HTTP 204 and no answer' }],
    [299, { kind: 'malformed', what: 'HTTP 299 and no answer' }],
    [300, { kind: 'redirected', status: 300 }],
    [302, { kind: 'redirected', status: 302 }],
    [399, { kind: 'redirected', status: 399 }],
    [400, { kind: 'refused', status: 400, upstream }],
    [401, { kind: 'unauthorized', upstream }],
    [403, { kind: 'forbidden', upstream }],
    [404, { kind: 'not-found', upstream }],
    [405, { kind: 'refused', status: 405, upstream }],
    [408, { kind: 'unavailable', status: 408, retryAfterMs: undefined, upstream }],
    [429, { kind: 'throttled', retryAfterMs: undefined, upstream }],
    [499, { kind: 'refused', status: 499, upstream }],
    [500, { kind: 'unavailable', status: 500, retryAfterMs: undefined, upstream }],
    [503, { kind: 'unavailable', status: 503, retryAfterMs: undefined, upstream }],
  ])('HTTP %d', (status, outcome) => {
    expect(readAnswer(answer(status, { body }), NOW)).toEqual(outcome);
  });

  test("the wait that is asked for is read, by the answer's own date", () => {
    const dated = { retryAfter: 'Mon, 23 Nov 2026 18:10:03 GMT', date: 'Mon, 23 Nov 2026 18:10:00 GMT' };
    for (const status of [408, 429, 500]) {
      expect(readAnswer(answer(status, { retryAfter: '7' }), NOW)).toMatchObject({ retryAfterMs: 7_000 });
      expect(readAnswer(answer(status, dated), NOW)).toMatchObject({ retryAfterMs: 3_000 });
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
    expect(readAnswer(answer(404, { body: text }), NOW)).toEqual({ kind: 'not-found', upstream: error });
  });

  test('long texts are cut', () => {
    const long = 'x'.repeat(1_000);
    const text = JSON.stringify({ error: { code: long, message: long, target: long } });
    const cut = `${'x'.repeat(200)}…`;
    expect(readAnswer(answer(404, { body: text }), NOW)).toEqual({
      kind: 'not-found',
      upstream: { code: cut, message: cut, target: cut },
    });
    expect(excerpt('x'.repeat(200))).toBe('x'.repeat(200));
  });
});
