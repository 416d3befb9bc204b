import { describe, expect, test } from '@jest/globals';
import { explain } from '../../shared/defender/explain.js';
import type { Failure } from '../../shared/defender/retry.js';

const HOST = 'https://api.test';
const upstream = { code: 'SomeCode', message: 'Some message.', target: 'correlation-1' };

/** Every failure, with the kind of error and the parts of the sentence that the reader needs. */
const FAILURES: readonly [Failure, string, number, readonly string[]][] = [
  [
    { kind: 'throttled', retryAfterMs: 1, upstream },
    'quota-exhausted',
    429,
    ['429', "something else uses this identity's limit", 'Defender said SomeCode: Some message.'],
  ],
  [
    { kind: 'unauthorized', upstream },
    'token-refused',
    502,
    ['401', 'DEFENDER_AUDIENCE', 'DEFENDER_CLOUD', '24 hours', 'restart', 'Defender said SomeCode'],
  ],
  [
    { kind: 'forbidden', upstream },
    'permission-missing',
    502,
    [
      '403',
      'Ip.Read.All',
      'WindowsDefenderATP',
      'Grant it',
      '24 hours',
      'caches tokens',
      'Defender said SomeCode',
    ],
  ],
  [
    { kind: 'refused', status: 400, upstream },
    'request-refused',
    502,
    ['HTTP 400', 'asking again would not help', 'Defender said SomeCode'],
  ],
  [
    { kind: 'untrusted', code: 'CERT_HAS_EXPIRED' },
    'connection-not-trusted',
    502,
    [HOST, 'CERT_HAS_EXPIRED', 'no token was sent', 'DEFENDER_API_HOST', 'proxies'],
  ],
  [
    { kind: 'redirected', status: 302 },
    'connection-not-trusted',
    502,
    [HOST, 'HTTP 302', 'not followed', 'configured host only', 'DEFENDER_API_HOST'],
  ],
  [{ kind: 'too-large' }, 'answer-unusable', 502, [HOST, 'larger than any real one', 'DEFENDER_API_HOST']],
  [{ kind: 'malformed', what: 'a page' }, 'upstream-unavailable', 503, [HOST, 'with a page', 'proxy']],
  [
    { kind: 'unavailable', status: 500, retryAfterMs: 1, upstream },
    'upstream-unavailable',
    503,
    [HOST, 'HTTP 500', 'ask again later', 'Defender said SomeCode'],
  ],
  [{ kind: 'timed-out' }, 'upstream-unavailable', 503, [HOST, 'did not answer in time', 'network']],
  [
    { kind: 'unreachable', code: 'ENOTFOUND' },
    'upstream-unavailable',
    503,
    [HOST, 'ENOTFOUND', 'DEFENDER_API_HOST', 'DNS'],
  ],
];

describe('explain', () => {
  test.each(FAILURES)('%j', (failure, kind, status, parts) => {
    const error = explain(failure, HOST, 4_711);
    expect({ kind: error.kind, status: error.status, retryAtMs: error.retryAtMs }).toEqual({
      kind,
      status,
      retryAtMs: 4_711,
    });
    for (const part of parts) expect(error.message).toContain(part);
    expect(error.upstream).toEqual('upstream' in failure ? upstream : undefined);
    if (kind !== 'quota-exhausted') expect(explain(failure, HOST, undefined).retryAtMs).toBeUndefined();
  });

  test('where Defender said nothing, nothing is said of it', () => {
    for (const [failure] of FAILURES) {
      const silent = 'upstream' in failure ? { ...failure, upstream: undefined } : failure;
      const { message, upstream: kept } = explain(silent, HOST, undefined);
      expect(message).toMatch(/[^ ]\.$/);
      expect(message).not.toContain('Defender said');
      expect(kept).toBeUndefined();
    }
  });
});
