import { describe, expect, test } from '@jest/globals';
import { defenderApi } from '../../shared/defender/api.js';
import type { TokenClaims } from '../../shared/identity/claims.js';
import { type CallFacts, explain } from '../../shared/upstream/explain.js';
import { malformed } from '../../shared/upstream/outcome.js';
import type { Failure } from '../../shared/upstream/retry.js';
import { OUTCOMES, throttled } from './outcomes.js';

const HOST = 'https://api.test';
const AUDIENCE = 'https://audience.test';
/** With a token that cannot be read. */
const CALLED: CallFacts = { api: defenderApi({ apiHost: HOST, audience: AUDIENCE }), claims: undefined };
const upstream = { code: 'SomeCode', message: 'Some message.', target: 'correlation-1' };

/** Every failure, with the kind of error and the parts of the sentence that the reader needs. */
const FAILURES: readonly [Failure, string, number, readonly string[]][] = [
  [
    { ...throttled(1), upstream },
    'quota-exhausted',
    429,
    ['429', "something else uses this identity's limit", 'Defender said SomeCode: Some message.'],
  ],
  [
    { ...OUTCOMES.unauthorized, upstream },
    'token-refused',
    502,
    ['401', 'DEFENDER_AUDIENCE', 'DEFENDER_CLOUD', '24 hours', 'restart', 'Defender said SomeCode'],
  ],
  [
    { ...OUTCOMES.forbidden, upstream },
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
    { ...OUTCOMES.retired, upstream },
    'source-retired',
    502,
    [HOST, '410', 'gone for good', 'newer version', 'Defender said SomeCode'],
  ],
  [
    { kind: 'malformed', status: 404, what: 'a 404 that is none of its own', upstream },
    'upstream-unavailable',
    503,
    [
      HOST,
      'a 404 that',
      'not known whether',
      'DEFENDER_API_HOST',
      'proxies',
      'retired',
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
    OUTCOMES.untrusted,
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
  [OUTCOMES.tooLarge, 'answer-unusable', 502, [HOST, 'larger than any real one', 'DEFENDER_API_HOST']],
  [malformed('a page'), 'upstream-unavailable', 503, [HOST, 'with a page', 'proxy']],
  [
    { kind: 'unavailable', status: 500, retryAfterMs: 1, upstream },
    'upstream-unavailable',
    503,
    [HOST, 'HTTP 500', 'ask again later', 'Defender said SomeCode'],
  ],
  [OUTCOMES.timedOut, 'upstream-unavailable', 503, [HOST, 'did not answer in time', 'network']],
  [
    { ...OUTCOMES.refusedConnection, code: 'ENOTFOUND' },
    'upstream-unavailable',
    503,
    [HOST, 'ENOTFOUND', 'DEFENDER_API_HOST', 'DNS'],
  ],
];

describe('explain', () => {
  test.each(FAILURES)('%j', (failure, kind, status, parts) => {
    const error = explain(failure, CALLED, 4_711);
    expect({ kind: error.kind, status: error.status, retryAtMs: error.retryAtMs }).toEqual({
      kind,
      status,
      retryAtMs: 4_711,
    });
    for (const part of parts) expect(error.message).toContain(part);
    expect(error.upstream).toEqual('upstream' in failure ? upstream : undefined);
    if (kind !== 'quota-exhausted') expect(explain(failure, CALLED, undefined).retryAtMs).toBeUndefined();
  });

  test.each([403, 407])('a %d that is not in its error form: a proxy', (status) => {
    const failure: Failure =
      status === 403
        ? { ...OUTCOMES.forbidden, upstream: undefined }
        : { kind: 'refused', status, upstream: undefined };
    const { message } = explain(failure, CALLED, undefined);
    expect(message).toContain(`${HOST} answered`);
    expect(message).toContain(String(status));
    expect(message).toContain('proxy');
  });

  test('where Defender said nothing, nothing is said of it', () => {
    for (const [failure] of FAILURES) {
      const silent = 'upstream' in failure ? { ...failure, upstream: undefined } : failure;
      const { message, upstream: kept } = explain(silent, CALLED, undefined);
      expect(message).toMatch(/[^ ]\.$/);
      expect(message).not.toContain('Defender said');
      expect(kept).toBeUndefined();
    }
  });
});

describe('what the token says goes into a refusal', () => {
  const app: TokenClaims = {
    audience: AUDIENCE,
    issuedAtMs: Date.UTC(2026, 10, 23, 18),
    expiresAtMs: Date.UTC(2026, 10, 24, 18),
    roles: [],
    scopes: [],
    applicationId: 'app-1',
    objectId: 'object-1',
    tenantId: 'tenant-1',
  };
  const told = (kind: 'forbidden' | 'unauthorized', claims: CallFacts['claims']) =>
    explain(OUTCOMES[kind], { ...CALLED, claims }, undefined).message;

  test.each([
    [
      'no role',
      app,
      ['app-1 carries no', 'its roles: none', 'object id object-1', 'until 2026-11-24T18:00:00Z'],
    ],
    ['other roles', { ...app, roles: ['Alert.Read.All'] }, ['its roles: Alert.Read.All']],
    [
      'no times',
      { ...app, issuedAtMs: undefined, expiresAtMs: undefined },
      ['reuses a token for up to 24 hours'],
    ],
    ['the role', { ...app, roles: ['Ip.Read.All'] }, ['carries the application permission', 'active plan']],
    [
      'another scope',
      { ...app, scopes: ['Alert.Read'] },
      ['no delegated permission', 'app-1', 'admin consent'],
    ],
    ['the scope', { ...app, scopes: ['Ip.Read.All'] }, ['"View data"', 'group of the device']],
  ] as [string, TokenClaims, string[]][])('403 with %s', (_what, claims, parts) => {
    for (const part of parts) expect(told('forbidden', claims)).toContain(part);
  });

  test('an application permission in a token of a user is none', () => {
    expect(told('forbidden', { ...app, roles: ['Ip.Read.All'], scopes: ['x'] })).toContain(
      'carries no delegated',
    );
  });

  test.each([
    ['its audience', app, `The token is for ${AUDIENCE}, the audience that`],
    [
      'another audience',
      { ...app, audience: 'https://other.test' },
      `is for https://other.test, but the audience that DEFENDER_CLOUD or DEFENDER_AUDIENCE names is ${AUDIENCE}`,
    ],
    ['no audience', { ...app, audience: undefined }, 'does not say whom it is for'],
  ] as [string, TokenClaims, string][])('401 with %s', (_what, claims, part) => {
    expect(told('unauthorized', claims)).toContain(part);
  });
});
