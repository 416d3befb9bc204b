import { expect, test } from '@jest/globals';
import { makeToken } from '../../local/identity/token.js';
import { readClaims } from '../../shared/identity/claims.js';

const jwt = (payload: string) => `h.${Buffer.from(payload).toString('base64url')}.s`;

test('claims of an application', () => {
  const nowMs = Date.UTC(2026, 10, 23);
  const { token } = makeToken({
    resource: 'https://r',
    clientId: 'c',
    roles: ['A'],
    nowMs,
    lifetimeSeconds: 60,
  });
  expect(readClaims(token)).toMatchObject({
    audience: 'https://r',
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + 60_000,
    roles: ['A'],
    scopes: [],
    applicationId: 'c',
    objectId: 'c',
  });
});

test('claims of a user: v2 tokens name the application azp, and scopes are one text', () => {
  expect(readClaims(jwt('{"azp":"c","scp":"Ip.Read.All  User.Read","aud":"x"}'))).toMatchObject({
    applicationId: 'c',
    scopes: ['Ip.Read.All', 'User.Read'],
    expiresAtMs: undefined,
  });
});

test.each([
  ['', undefined],
  ['opaque', undefined],
  ['a.b', undefined],
  [`${jwt('{}')}.more`, undefined],
  [jwt('{'), undefined],
  [jwt('[]'), undefined],
  [jwt('null'), undefined],
  [jwt('7'), undefined],
])('%s has no claims', (token, expected) => {
  expect(readClaims(token)).toEqual(expected);
});

test('claims of a wrong type, or that no date can hold, are absent', () => {
  const odd =
    '{"aud":["x"],"exp":"soon","iat":1e300,"roles":[7,"A",null],"scp":7,"appid":"","oid":{},"tid":null}';
  expect(readClaims(jwt(odd))).toEqual({
    audience: undefined,
    issuedAtMs: undefined,
    expiresAtMs: undefined,
    roles: ['A'],
    scopes: [],
    applicationId: undefined,
    objectId: undefined,
    tenantId: undefined,
  });
});
