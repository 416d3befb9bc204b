import { afterEach, describe, expect, test } from '@jest/globals';
import { makeToken, systemAssignedClientId } from '../../local/identity/token.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

let world: World;
afterEach(() => world.close());

const OTHER_ID = '55555555-5555-4555-8555-555555555555';
const HOUR_MS = 3_600_000;

/** The identity endpoint gives this token, whatever is asked for. */
function give(token: string, expiresInSeconds = 7_200): void {
  world.identity.intercept = (request, response) => {
    const resource = new URL(request.url ?? '', 'http://localhost').searchParams.get('resource');
    const expires_on = Math.floor(Date.now() / 1000) + expiresInSeconds;
    response.end(JSON.stringify({ access_token: token, expires_on, resource, token_type: 'Bearer' }));
    return true;
  };
}

function tokenOf(options: Partial<Parameters<typeof makeToken>[0]> = {}): string {
  const defaults = { resource: world.audience, clientId: systemAssignedClientId, roles: ['Ip.Read.All'] };
  return makeToken({ ...defaults, nowMs: Date.now(), lifetimeSeconds: 7_200, ...options }).token;
}

function refuse(status: number): void {
  world.identity.intercept = (_request, response) => {
    response.writeHead(status).end('{"statusCode":400,"message":"No User Assigned identity"}');
    return true;
  };
}

describe('whose token', () => {
  test('which identity: its client id and object id', async () => {
    world = await startWorld({ settings: { AZURE_CLIENT_ID: OTHER_ID } });
    const { of } = await consult(world);
    expect(of('identity').found).toContain(
      `user-assigned identity in AZURE_CLIENT_ID: application ${OTHER_ID}, object id`,
    );
    expect(of('client-id').status).toBe('ok');
  });

  test('no identity at all', async () => {
    world = await startWorld({ settings: { IDENTITY_ENDPOINT: '' } });
    const { of, names, status } = await consult(world);
    expect(status).toBe('fail');
    expect(of('identity')).toMatchObject({
      status: 'fail',
      found: expect.stringContaining('no managed identity'),
      fix: expect.stringMatching(/^az functionapp identity assign/),
    });
    // Without a token there are no claims to look at.
    for (const name of ['audience', 'permission', 'token-age']) expect(names).not.toContain(name);
  });

  test('a user-assigned identity without its client id', async () => {
    world = await startWorld();
    refuse(400);
    const { of, names } = await consult(world);
    expect(of('identity')).toMatchObject({
      status: 'fail',
      found: expect.stringContaining('put its client id into AZURE_CLIENT_ID'),
      fix: expect.stringContaining('"AZURE_CLIENT_ID=CLIENT_ID"'),
    });
    expect(names).not.toContain('client-id'); // one cause, one failure
  });

  test.each(['AADSTS500011', 'AADSTS650057'])(
    'a tenant that does not know the audience (%s): not a matter of AZURE_CLIENT_ID',
    async (code) => {
      world = await startWorld();
      world.identity.intercept = (_request, response) => {
        const message = `${code}: The resource principal named X was not found in the tenant named secret-tenant.`;
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ statusCode: 400, message }));
        return true;
      };
      const { of, names, answer } = await consult(world);
      expect(of('identity').found).toContain(world.audience);
      for (const part of [code, 'DEFENDER_CLOUD', 'DEFENDER_AUDIENCE']) {
        expect(of('identity').found).toContain(part);
      }
      expect(of('identity').fix).toContain('DEFENDER_CLOUD=CLOUD');
      expect(of('identity').found).not.toContain('AZURE_CLIENT_ID');
      expect(names).not.toContain('client-id');
      expect(answer.text).not.toContain('secret-tenant');
    },
  );

  test('a client id that the app has no identity of', async () => {
    world = await startWorld({ settings: { AZURE_CLIENT_ID: OTHER_ID.replace('5', '6') } });
    refuse(400);
    const { of, names } = await consult(world);
    expect(of('identity').found).toContain('no identity with the client id in AZURE_CLIENT_ID');
    expect(names).not.toContain('client-id');
  });

  test('a token of another identity than AZURE_CLIENT_ID says', async () => {
    world = await startWorld({ settings: { AZURE_CLIENT_ID: OTHER_ID.replace('5', '7') } });
    give(tokenOf({ clientId: OTHER_ID }));
    expect((await consult(world)).of('client-id')).toMatchObject({
      status: 'fail',
      fix: expect.stringContaining(`AZURE_CLIENT_ID=${OTHER_ID}`),
    });
  });
});

describe('what the token is good for', () => {
  test('the role is missing: which command grants it, to exactly this identity', async () => {
    world = await startWorld({ identity: { roles: ['Machine.Read.All'] } });
    const { of, bad } = await consult(world);
    expect(bad).toEqual(['fail permission', 'warn token-age', 'warn telemetry']);
    expect(of('permission').found).toContain('its roles: Machine.Read.All');
    expect(of('permission').fix).toContain(
      `/v1.0/servicePrincipals/${systemAssignedClientId}/appRoleAssignments`,
    );
    expect(of('permission').fix).toContain('47bf842d-354b-49ef-b741-3a6dd815bc13');
    // And it is the sentence of the 403.
    const { json } = await world.enrich({ alertId: 'da637472900382838869_1364969609' });
    expect(json.detail).toContain(of('permission').found);
  });

  test('the role is missing in a token of three hours ago: it may have been granted since', async () => {
    world = await startWorld();
    give(tokenOf({ roles: [], nowMs: Date.now() - 3 * HOUR_MS, lifetimeSeconds: 24 * 3600 }), 21 * 3600);
    const { of } = await consult(world);
    expect(of('token-age')).toMatchObject({
      status: 'warn',
      found: expect.stringMatching(/issued 180 min ago.*granted the permission after.*nothing is wrong/),
      fix: expect.stringMatching(/^Wait until \d{4}-/),
    });
  });

  test('a token for something else', async () => {
    world = await startWorld();
    give(tokenOf({ resource: 'https://graph.microsoft.com' }));
    expect((await consult(world)).of('audience')).toMatchObject({
      status: 'fail',
      found: expect.stringContaining('The token is for https://graph.microsoft.com, but'),
      fix: expect.stringMatching(
        /--settings "DEFENDER_CLOUD=CLOUD" && az .* delete .*DEFENDER_AUDIENCE {2}# CLOUD: .*gcc-high/,
      ),
    });
  });

  test.each(['fc780465-2017-40d4-a0c5-307022471b92', 'the audience with a slash'])(
    'names of the same thing pass: %s',
    async (name) => {
      world = await startWorld();
      give(tokenOf({ resource: name.startsWith('the') ? `${world.audience}/` : name }));
      expect((await consult(world)).of('audience').status).toBe('ok');
    },
  );

  test('a token that cannot be read: nothing is known, so nothing is said to be right', async () => {
    world = await startWorld();
    give('opaque-token');
    const { bad } = await consult(world);
    expect(bad).toEqual(['warn audience', 'warn permission', 'warn telemetry']);
  });
});
