import { expect, test } from '@jest/globals';
import { systemClock } from '../../shared/base/clock.js';
import { TokenCache } from '../../shared/identity/token-cache.js';
import { tokenCredential } from '../../shared/storage/open.js';

const SCOPE = 'https://storage.azure.com/.default';

test('the storage library gets its tokens from our cache: one attempt for many callers', async () => {
  const asked: string[] = [];
  const expiresOnMs = Date.now() + 3_600_000;
  const credential = {
    key: 'test',
    getToken: async (scope: string) => {
      asked.push(scope);
      return { token: 'token-1', expiresOnMs };
    },
  };
  const library = tokenCredential({ credential, tokens: new TokenCache(systemClock) });
  const tokens = await Promise.all([library.getToken(SCOPE), library.getToken([SCOPE])]);
  const expected = { token: 'token-1', expiresOnTimestamp: expiresOnMs };
  expect(tokens).toEqual([expected, expected]);
  expect(asked).toEqual([SCOPE]);
});

test('an operation that is given up stops waiting for its token', async () => {
  const credential = { key: 'test', getToken: () => new Promise<never>(() => {}) };
  const library = tokenCredential({ credential, tokens: new TokenCache({ ...systemClock, sleep: forever }) });
  const given = new AbortController();
  const token = library.getToken(SCOPE, { abortSignal: given.signal });
  given.abort(new Error('given up'));
  await expect(token).rejects.toThrow('given up');
});

const forever = () => new Promise<never>(() => {});
