import { ManagedIdentityCredential } from '@azure/identity';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { readClaims, systemAssignedClientId } from '../../local/identity/token.js';
import { systemClock } from '../../shared/base/clock.js';
import { VirtualClock } from '../support/virtual-clock.js';

const clock = new VirtualClock();
let endpoint: IdentityEndpoint;

beforeEach(async () => {
  endpoint = await startIdentityEndpoint({ clock, tokenLifetimeSeconds: 3600 });
});
afterEach(() => endpoint.close());

const good = { 'api-version': '2019-08-01', resource: 'https://one.test' };

async function ask(query: Record<string, string>, header = endpoint.header) {
  const url = `${endpoint.url}?${new URLSearchParams(query)}`;
  const answer = await fetch(url, { headers: { 'X-IDENTITY-HEADER': header } });
  return {
    status: answer.status,
    // biome-ignore lint/suspicious/noExplicitAny: the tests say what it is
    body: (await answer.json()) as any,
  };
}

test('a request gets a token for its resource, in the form of App Service', async () => {
  const { status, body } = await ask(good);
  const nowSeconds = clock.epochMs() / 1000;
  expect(status).toBe(200);
  expect(body).toEqual({
    access_token: expect.any(String),
    expires_on: String(nowSeconds + 3600),
    resource: 'https://one.test',
    token_type: 'Bearer',
    client_id: systemAssignedClientId,
  });
  expect(readClaims(body.access_token)).toMatchObject({
    aud: 'https://one.test',
    iat: nowSeconds,
    exp: nowSeconds + 3600,
    roles: ['Ip.Read.All'],
  });
});

test('every request gets a token of its own, and is logged', async () => {
  const tokens = [await ask(good), await ask({ ...good, client_id: 'mine' })].map(
    ({ body }) => body.access_token,
  );
  expect(new Set(tokens).size).toBe(2);
  expect(readClaims(tokens[1])?.appid).toBe('mine');
  expect(endpoint.requests).toEqual([
    { atMs: clock.monotonicMs(), resource: 'https://one.test' },
    { atMs: clock.monotonicMs(), resource: 'https://one.test', clientId: 'mine' },
  ]);
});

test.each([
  ['a wrong secret', good, 'wrong', 401],
  ['no resource', { 'api-version': '2019-08-01' }, undefined, 400],
  ['another version', { ...good, 'api-version': '2017-09-01' }, undefined, 400],
])('%s is refused, in the form of App Service', async (_what, query, header, status) => {
  expect(await ask(query, header)).toEqual({
    status,
    body: { statusCode: status, message: expect.any(String), correlationId: expect.any(String) },
  });
});

test('a test can answer by itself, or wait, or break', async () => {
  endpoint.intercept = (_request, response) => {
    response.writeHead(503).end('{}');
    return true;
  };
  expect((await ask(good)).status).toBe(503);
  endpoint.intercept = () => Promise.resolve(false);
  expect((await ask(good)).status).toBe(200);
  endpoint.intercept = () => Promise.reject(new Error('broken'));
  await expect(ask(good)).rejects.toThrow('fetch failed');
  endpoint.intercept = undefined;
  expect((await ask(good)).status).toBe(200);
});

test('the real ManagedIdentityCredential takes its tokens, and caches them', async () => {
  // Its clock is the machine's, so the endpoint's must be.
  const real = await startIdentityEndpoint({ clock: systemClock });
  const before = { ...process.env };
  Object.assign(process.env, real.settings);
  try {
    const credential = new ManagedIdentityCredential({ clientId: 'mine' });
    const token = await credential.getToken('https://two.test/.default');
    expect(readClaims(token.token)).toMatchObject({ aud: 'https://two.test', appid: 'mine' });
    expect(token.expiresOnTimestamp).toBeGreaterThan(Date.now() + 86_000_000);
    expect((await credential.getToken('https://two.test/.default')).token).toBe(token.token);
    expect(real.requests).toEqual([
      { atMs: expect.any(Number), resource: 'https://two.test', clientId: 'mine' },
    ]);
  } finally {
    process.env = before;
    await real.close();
  }
});
