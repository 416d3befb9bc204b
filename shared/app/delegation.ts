import type { Emit } from '../base/telemetry-event.js';
import { type ClientParts, DefenderClient } from '../defender/client.js';
import { DefenderSource } from '../defender/defender-source.js';
import { createDelegatedCredential, createRegistrationCredential } from '../delegation/credential.js';
import type { UserAssertion } from '../delegation/user-assertion.js';
import { MOST_USERS, type User, Users } from '../delegation/users.js';
import { type AccessToken, scopeOf, TokenCache } from '../identity/token-cache.js';
import { MOST_KEPT } from '../lookup/answer-cache.js';
import { createLookups } from '../lookup/create-lookups.js';
import type { Ledger } from '../quota/ledger.js';
import { Quota } from '../quota/quota.js';
import type { Settings } from './settings.js';

/** What asks on behalf of users. */
export interface Delegation {
  readonly users: Users;
  /** The registration's, which users share. */
  readonly quota: Quota;
  /** Whether Entra takes this app for the registration; asked without any user. */
  proveRegistration(signal: AbortSignal): Promise<AccessToken>;
}

/** Answers of one user that are kept: those of all users together are no more than the app's own. */
const MOST_KEPT_PER_USER = MOST_KEPT / MOST_USERS;

/** What of the upstream is the same for everyone. */
interface Upstream extends Omit<ClientParts, 'credential' | 'tokens' | 'quota'> {
  readonly emit: Emit;
}

/**
 * Wires what asks on behalf of users, if the settings say so. Each user has an own client, token and
 * answers; what they share is the quota, because Defender counts calls per application and tenant: it
 * is the app registration's, apart from that of the app's own identity.
 *
 * @param ownToken the managed identity's token for a scope
 * @param openLedger the ledger of an application; it holds the times of calls and nothing of any user
 */
export function createDelegation(
  { delegation: registration, cache, cloud }: Settings,
  upstream: Upstream,
  ownToken: (scope: string, signal: AbortSignal) => Promise<AccessToken>,
  openLedger: (owner: string) => Ledger,
): Delegation | undefined {
  if (!registration) return undefined;
  const { clock, audience, emit } = upstream;
  const scope = scopeOf(audience);
  const quota = new Quota(clock, openLedger(`${registration.tenantId} ${registration.clientId}`), emit);
  const parts = {
    clock,
    registration,
    clientAssertion: (signal: AbortSignal) => ownToken(scopeOf(registration.exchangeAudience), signal),
  };
  function createUser(assertion: UserAssertion): User {
    const credential = createDelegatedCredential(parts, assertion);
    const tokens = new TokenCache(clock, emit);
    const source = new DefenderSource(new DefenderClient({ ...upstream, credential, tokens, quota }));
    const kept = { times: cache, mostKept: MOST_KEPT_PER_USER };
    const { lookup, statsLookup } = createLookups({ clock, emit, source, ...kept });
    return {
      enricher: { clock, quota, lookup, statsLookup, portal: cloud.portal },
      authorise: (signal) => tokens.get(credential, scope, signal),
    };
  }
  return {
    users: new Users(clock, registration, createUser),
    quota,
    proveRegistration: (signal) => createRegistrationCredential(parts).getToken(scope, signal),
  };
}
