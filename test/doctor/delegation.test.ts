import { afterEach, describe, expect, test } from '@jest/globals';
import { type DelegatedWorld, startDelegatedWorld } from '../support/delegated-world.js';
import { consult } from './consult.js';

let world: DelegatedWorld;
afterEach(() => world.close());

describe('the check of delegation', () => {
  test('Entra takes the identity for the registration: shown without any user', async () => {
    world = await startDelegatedWorld();
    const { of } = await consult(world);
    expect(of('delegation')).toMatchObject({
      status: 'ok',
      found: expect.stringContaining(world.clientId),
    });
    expect(world.authority.requests).toMatchObject([{ grant: 'client_credentials' }]);
  });

  test('the federated credential names another identity', async () => {
    world = await startDelegatedWorld({
      settings: { AZURE_CLIENT_ID: '66666666-6666-4666-8666-666666666666' },
    });
    expect((await consult(world)).of('delegation')).toMatchObject({
      status: 'fail',
      found: expect.stringContaining('AADSTS700213'),
      fix: expect.stringMatching(/^az ad app federated-credential list/),
    });
  });

  test('the identity gives no token for the exchange', async () => {
    world = await startDelegatedWorld();
    world.identity.intercept = (request, response) => {
      if (!request.url?.includes('AzureADTokenExchange')) return false;
      response.writeHead(400).end('{"statusCode":400,"message":"no"}');
      return true;
    };
    const { of } = await consult(world);
    expect(of('identity').status).toBe('ok');
    expect(of('delegation')).toMatchObject({ status: 'fail', found: expect.stringContaining('identity') });
    expect(of('delegation').fix).toBeUndefined(); // no list of credentials mends that
  });
});
