import { scopeOf } from '../identity/token-cache.js';
import type { App } from './app.js';

/**
 * Begins, while the platform is still on its way to the first request, what that request would have to
 * wait for one after the other: the token for the first source, and the ledger with what leads there (the
 * storage library, its token, a connection). Both only look. Meanwhile Node compiles its own `Headers`, for
 * 10 to 15 ms. Nothing depends on any of it, and what goes wrong is for the first request to find: this never
 * rejects.
 */
export async function warmUp({ ownToken, quota, settings }: App): Promise<void> {
  const { signal } = new AbortController();
  const { audience } = settings.sources[0] === 'graph' ? settings.graph : settings.cloud;
  const begun = [ownToken(scopeOf(audience), signal), quota.prepare()];
  new Headers();
  await Promise.allSettled(begun);
}
