import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { REFUSALS } from '../../local/entra/refusals.js';
import { localTenantId, makeToken } from '../../local/identity/token.js';
import { type DelegatedWorld, startDelegatedWorld, USER_CANARY } from '../support/delegated-world.js';
import { startWorld } from '../support/world.js';

const ALERT = { alertId: KNOWN_ALERT };
let world: DelegatedWorld;
beforeEach(async () => {
  world = await startDelegatedWorld();
});
afterEach(() => world.close());

const type = (kind: string) => `urn:problem:alert-ip-enrichment:${kind}`;
const challenge = (rest: string) =>
  `Bearer realm="", authorization_uri="${world.authority.url}/${localTenantId}/oauth2/v2.0/authorize", client_id="${world.clientId}"${rest}`;

describe('refused before anyone is asked', () => {
  afterEach(() => {
    expect(world.authority.requests).toEqual([]);
    expect(world.identity.requests).toEqual([]);
    expect(world.asked()).toEqual([]);
  });

  test.each([
    ['no Authorization at all', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['no token', { authorization: 'Bearer ' }],
    ['more than a token', { authorization: 'Bearer a b' }],
  ])('%s: 401, and which token is wanted', async (_what, headers) => {
    const answer = await world.enrich(ALERT, '?as=user', headers as Record<string, string>);
    expect(answer.status).toBe(401);
    expect(answer.json.type).toBe(type('user-token-missing'));
    expect(answer.headers['www-authenticate']).toBe(challenge(''));
  });

  function userToken(options: Partial<Parameters<typeof makeToken>[0]>): string {
    const defaults = {
      resource: world.clientId,
      clientId: 'c',
      scopes: ['s'],
      nowMs: Date.now(),
      lifetimeSeconds: 60,
    };
    return makeToken({ ...defaults, ...options }).token;
  }

  test.each([
    ['opaque', () => 'opaque-token'],
    ['for Graph', () => userToken({ resource: 'https://graph.microsoft.com' })],
    ['for Defender itself', () => userToken({ resource: world.audience })],
    ['for another app', () => userToken({ resource: `api://${localTenantId}` })],
  ])('a token %s: 401 invalid_token', async (_what, token) => {
    const answer = await world.enrichAs(token(), ALERT);
    expect(answer.status).toBe(401);
    expect(answer.json.type).toBe(type('user-token-unusable'));
    expect(answer.headers['www-authenticate']).toBe(challenge(', error="invalid_token"'));
  });

  test('a token of another tenant: 401 that names the tenant to sign in to', async () => {
    const [header = '', payload = ''] = userToken({}).split('.');
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), tid: world.clientId };
    const foreign = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signed`;
    const answer = await world.enrichAs(foreign, ALERT);
    expect(answer.status).toBe(401);
    expect(answer.json.type).toBe(type('user-token-unusable'));
    expect(answer.json.detail).toContain('DELEGATED_TENANT_ID');
  });

  test("an application's token: 403, since no token of it would do", async () => {
    const { token } = makeToken({
      resource: world.clientId,
      clientId: 'c',
      roles: ['access'],
      nowMs: Date.now(),
      lifetimeSeconds: 60,
    });
    const answer = await world.enrichAs(token, ALERT);
    expect(answer.status).toBe(403);
    expect(answer.json.type).toBe(type('user-token-of-app'));
  });

  test('an expired token: 401', async () => {
    const answer = await world.enrichAs(world.authority.signIn('ann', -1), ALERT);
    expect(answer.status).toBe(401);
    expect(answer.json.type).toBe(type('user-token-expired'));
    expect(answer.headers['www-authenticate']).toBe(challenge(', error="invalid_token"'));
  });

  test.each([
    ['mode=async', 'invalid-option'],
    ['forward=siem', 'invalid-option'],
  ])('%s does not go with it: 400', async (option, kind) => {
    const answer = await world.enrichAs(world.authority.signIn('ann'), ALERT, `&${option}`);
    expect(answer.status).toBe(400);
    expect(answer.json.type).toBe(type(kind));
  });
});

describe('refused by Entra', () => {
  afterEach(() => expect(world.asked()).toEqual([]));

  test.each([
    ['revoked', 401, 'user-token-refused', 'AADSTS50173', ', error="invalid_token"'],
    ['expired', 401, 'user-token-expired', 'AADSTS500133', ', error="invalid_token"'],
    ['consent', 403, 'consent-missing', 'AADSTS65001', undefined],
    ['unknownTenant', 502, 'delegation-refused', 'AADSTS90002', undefined],
    ['unknownClient', 502, 'delegation-refused', 'AADSTS700016', undefined],
    ['federatedSubject', 502, 'delegation-refused', 'AADSTS700213', undefined],
  ] as const)('%s: %d %s, with the code', async (refusal, status, kind, code, authenticate) => {
    world.authority.refusal = REFUSALS[refusal];
    const answer = await world.enrichAs(world.authority.signIn('ann'), ALERT);
    expect(answer.status).toBe(status);
    expect(answer.json.type).toBe(type(kind));
    expect(answer.json.detail).toContain(code);
    expect(answer.json.correlationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.text).not.toContain(USER_CANARY);
    expect(answer.headers['www-authenticate']).toBe(authenticate && challenge(authenticate));
    expect(answer.headers).not.toHaveProperty('retry-after');
  });

  test.each(['unknownTenant', 'unknownClient'] as const)(
    '%s: the settings that name them, and nothing of the federated credential',
    async (refusal) => {
      world.authority.refusal = REFUSALS[refusal];
      const { json } = await world.enrichAs(world.authority.signIn('ann'), ALERT);
      expect(json.detail).toMatch(/DELEGATED_TENANT_ID.*DELEGATED_CLIENT_ID/);
      expect(json.detail).not.toContain('federated');
    },
  );

  test('a second factor is wanted: the claims challenge goes to the caller, also with onFailure=degrade', async () => {
    world.authority.refusal = REFUSALS.secondFactor;
    const answer = await world.enrichAs(world.authority.signIn('ann'), ALERT, '&onFailure=degrade');
    expect(answer.status).toBe(401);
    expect(answer.json.type).toBe(type('interaction-required'));
    const claims = /error="insufficient_claims", claims="([\w+/=]+)"$/.exec(
      String(answer.headers['www-authenticate']),
    )?.[1];
    expect(Buffer.from(claims ?? '', 'base64').toString()).toBe(REFUSALS.secondFactor.claims);
  });

  test('a refusal is asked for anew after some seconds, not for every caller of a storm', async () => {
    world.authority.refusal = REFUSALS.consent;
    const ann = world.authority.signIn('ann');
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.enrichAs(ann, ALERT)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(403));
    expect(world.authority.requests).toHaveLength(1);
  });
});

test('the federated credential names another identity: 502 that says what to mend', async () => {
  const other = await startDelegatedWorld({
    settings: { AZURE_CLIENT_ID: '44444444-4444-4444-8444-444444444444' },
  });
  try {
    const answer = await other.enrichAs(other.authority.signIn('ann'), ALERT);
    expect(answer.status).toBe(502);
    expect(answer.json).toMatchObject({
      type: type('delegation-refused'),
      detail: expect.stringMatching(/federated credential.*AADSTS700213/),
    });
  } finally {
    await other.close();
  }
});

test('the consent lacks Ip.Read.All: Defender refuses, and the answer says what the token has', async () => {
  world.authority.scopes = ['Alert.Read'];
  const { status, json } = await world.enrichAs(world.authority.signIn('ann'), ALERT);
  expect(status).toBe(502);
  expect(json.detail).toMatch(
    /no delegated permission Ip\.Read\.All.*its scopes: Alert\.Read\).*grant admin consent/,
  );
});

test('the managed identity is refused: 502, as without a user', async () => {
  world.identity.intercept = (_request, response) => {
    response.writeHead(400).end('{"statusCode":400,"message":"No User Assigned identity"}');
    return true;
  };
  const { status, json } = await world.enrichAs(world.authority.signIn('ann'), ALERT);
  expect(status).toBe(502);
  expect(json.type).toBe(type('identity-refused'));
  expect(world.authority.requests).toEqual([]);
});

test('not set up: 400 that says so, whatever token is sent', async () => {
  const plain = await startWorld();
  try {
    const answer = await plain.enrich(ALERT, '?as=user', {
      authorization: `Bearer ${world.authority.signIn('ann')}`,
    });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      type: type('delegation-not-configured'),
      detail: expect.stringContaining('DELEGATED_CLIENT_ID'),
    });
  } finally {
    await plain.close();
  }
});
