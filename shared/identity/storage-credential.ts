import type { TokenCredential } from '@azure/identity';
import type { Credential, TokenCache } from './token-cache.js';

/** Who asks, where a storage connection is not a connection string. */
export interface StorageIdentity {
  readonly credential: Credential;
  readonly tokens: TokenCache;
}

/**
 * Our token cache as the storage libraries want it. Their own cache is switched off, because it ends the
 * process: two minutes before a token's end it starts a refresh that nobody awaits, and repeats it every 3
 * s with the options of the operation that happened to start it. Once that operation has ended its signal
 * is aborted, so every repetition fails, and so does the last one, at the token's end, as an unhandled
 * rejection (seen in
 * @azure/core-rest-pipeline, `tokenCycler.js`).
 *
 * - `expiresOnTimestamp: 0`: the library never keeps a token. Each operation asks our cache, which answers
 *   at once while it has a valid token, and awaits what it asked for.
 * - The operation's signal is not passed on: a refresh belongs to everybody and outlives who started it. It
 *   ends by its own time limit; an operation that is given up stops waiting by itself.
 */
export function tokenCredential({ credential, tokens }: StorageIdentity): TokenCredential {
  return {
    getToken: async (scopes) => {
      const scope = typeof scopes === 'string' ? scopes : scopes.join(' ');
      const { token } = await tokens.get(credential, scope);
      return { token, expiresOnTimestamp: 0 };
    },
  };
}
