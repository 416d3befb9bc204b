import { randomUUID } from 'node:crypto';
import { afterAll } from '@jest/globals';
import { startLoginAuthority } from '../../local/entra/authority.js';
import { localTenantId } from '../../local/identity/token.js';
import { systemClock } from '../../shared/base/clock.js';
import { AUTHORITY_TLS, trustLocalAuthority } from './tls-fixtures.js';
import { startWorld, type WorldOptions } from './world.js';

afterAll(trustLocalAuthority());

export type DelegatedWorld = Awaited<ReturnType<typeof startDelegatedWorld>>;

/** What Entra's descriptions say and nobody else may. */
export const USER_CANARY = 'canary-user';

/** A world with a login authority, whose app asks on behalf of users. */
export async function startDelegatedWorld(options: WorldOptions = {}) {
  // The library keeps tokens of managed identities for the whole process: an identity for each world.
  const identityId = randomUUID();
  const clientId = randomUUID();
  const authority = await startLoginAuthority({
    clock: systemClock,
    tls: AUTHORITY_TLS,
    clientId,
    federated: { subject: identityId, audience: 'api://AzureADTokenExchange' },
  });
  const world = await startWorld({
    ...options,
    secrets: [USER_CANARY, ...(options.secrets ?? [])],
    settings: {
      AZURE_CLIENT_ID: identityId,
      DELEGATED_CLIENT_ID: clientId,
      DELEGATED_TENANT_ID: localTenantId,
      DEFENDER_AUTHORITY_HOST: authority.url,
      ...options.settings,
    },
  });
  return {
    ...world,
    authority,
    clientId,
    identityId,
    /** Posts on behalf of the user with that token. */
    enrichAs: (token: string, payload: unknown, query = '') =>
      world.enrich(payload, `?as=user${query}`, { authorization: `Bearer ${token}` }),
    async close() {
      await world.close();
      await authority.close();
    },
  };
}
