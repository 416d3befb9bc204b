import type { Clock } from '../base/clock.js';
import type { Emit } from '../base/telemetry-event.js';
import type { UserAssertion } from '../delegation/user-assertion.js';
import { createDelegatedCredential, createRegistrationCredential } from '../delegation/user-credential.js';
import { MOST_USERS, type User, Users } from '../delegation/users.js';
import { principalOf } from '../identity/principal.js';
import { type AccessToken, scopeOf, TokenCache } from '../identity/token-cache.js';
import { MOST_KEPT } from '../lookup/answer-cache.js';
import { createStatsLookup } from '../lookup/create-lookups.js';
import type { Quota } from '../quota/quota.js';
import type { Settings } from './settings.js';
import { openQuotas, openSources, type Quotas, quotasOf, type Sources } from './sources.js';
import type { State } from './state.js';

/** What asks on behalf of users. */
export interface Delegation {
  readonly users: Users;
  /** The registration's, which users share. */
  readonly quota: Quota;
  readonly quotas: Quotas;
  /** Whether Entra takes this app for the registration; asked without any user. */
  proveRegistration(signal: AbortSignal): Promise<AccessToken>;
}

/** Answers of one user that are kept: those of all users together are no more than the app's own. */
const MOST_KEPT_PER_USER = MOST_KEPT / MOST_USERS;

/** What of the app asking on behalf of users needs. */
interface DelegationParts {
  readonly providers: Sources;
  readonly state: State;
  readonly clock: Clock;
  readonly emit: Emit;
  /** The managed identity's token for a scope. */
  readonly ownToken: (scope: string, signal: AbortSignal) => Promise<AccessToken>;
}

/**
 * Wires what asks on behalf of users, if the settings say so. Each user has an own client, token and
 * answers; what they share is the quota, because Defender counts calls per application and tenant: it is
 * the app registration's, apart from that of the app's own identity. Its ledger holds the times of calls
 * and nothing of any user.
 */
export function createDelegation(
  settings: Settings,
  { providers, state, clock, emit, ownToken }: DelegationParts,
): Delegation | undefined {
  const { delegation: registration, cache, cloud } = settings;
  if (!registration) return undefined;
  const [first = 'defender'] = settings.sources;
  const scope = scopeOf((providers[first] ?? providers.defender).audience);
  const principal = principalOf(registration.clientId, registration.tenantId);
  const quotas = openQuotas(settings, providers, principal, state, { clock, emit });
  const quotasByName = quotasOf(settings, quotas);
  const parts = {
    clock,
    registration,
    clientAssertion: (signal: AbortSignal) => ownToken(scopeOf(registration.exchangeAudience), signal),
  };
  function createUser(assertion: UserAssertion): User {
    const credential = createDelegatedCredential(parts, assertion);
    const tokens = new TokenCache(clock, emit);
    const kept = { clock, emit, mostKept: MOST_KEPT_PER_USER };
    // That a user sees no alert is a matter of that user's rights: nobody is alarmed.
    const asker = { credential, tokens, quotas, report: () => {} };
    const { defender, lookup } = openSources(settings, providers, asker, { ...kept, times: cache });
    return {
      enricher: {
        clock,
        quota: quotas.first,
        ...quotasByName,
        lookup,
        statsLookup: createStatsLookup({ ...kept, source: defender }),
        portal: cloud.portal,
      },
      authorise: (signal) => tokens.get(credential, scope, signal),
    };
  }
  return {
    users: new Users(clock, registration, createUser),
    quota: quotas.first,
    quotas,
    proveRegistration: (signal) => createRegistrationCredential(parts).getToken(scope, signal),
  };
}
