import type { Credential } from '../identity/token-cache.js';
import type { ExchangeParts } from './exchange.js';
import type { UserAssertion } from './user-assertion.js';

/** Gets tokens on behalf of one user. Its errors say whose turn it is: the caller's or the operator's. */
export function createDelegatedCredential(
  parts: ExchangeParts,
  { token, digest }: UserAssertion,
): Credential {
  return {
    key: `on-behalf-of ${digest}`,
    getToken: async (scope, signal) => {
      const { exchangeForUser } = await loadExchange();
      return exchangeForUser(parts, token, scope, signal);
    },
  };
}

/**
 * Gets a token for the registration itself, which no user is needed for: it shows whether the
 * managed identity is accepted as the registration's federated credential.
 */
export function createRegistrationCredential(parts: ExchangeParts): Credential {
  return {
    key: 'registration',
    getToken: async (scope, signal) => {
      const { exchangeForRegistration } = await loadExchange();
      return exchangeForRegistration(parts, scope, signal);
    },
  };
}

/** With the first exchange: it brings a whole OAuth client, for which a cold start does not have to pay. */
const loadExchange = () => import('./exchange.js');
