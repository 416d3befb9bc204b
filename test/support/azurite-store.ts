import type { Azurite } from '../../local/azurite.js';
import { systemClock } from '../../shared/base/clock.js';
import { TokenCache } from '../../shared/identity/token-cache.js';
import type { BlobStore } from '../../shared/storage/blob-store.js';
import { openBlobStore } from '../../shared/storage/open.js';

/** Whoever has a key needs no identity. */
export const NO_IDENTITY = {
  credential: { key: 'none', getToken: () => Promise.reject(new Error('no identity here')) },
  tokens: new TokenCache(systemClock),
};

/** The app's own store, with a client of its own. */
export function openStore({ connectionString }: Pick<Azurite, 'connectionString'>): BlobStore {
  const storage = { kind: 'connection-string', connection: 'STATE', connectionString } as const;
  return openBlobStore(systemClock, storage, NO_IDENTITY);
}
