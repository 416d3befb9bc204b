import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { closeServer, listen } from '../../local/loopback.js';
import { systemClock } from '../../shared/base/clock.js';
import { IdentityError } from '../../shared/base/errors.js';
import { tokenCredential } from '../../shared/identity/storage-credential.js';
import { type Credential, TokenCache } from '../../shared/identity/token-cache.js';
import type { BlobStore } from '../../shared/storage/blob-store.js';
import { openBlobStore } from '../../shared/storage/open.js';
import { FakeTimers } from '../support/fake-timers.js';
import { loadStorageLibraries } from '../support/storage-libraries.js';
import { AUTHORITY_TLS, trustLocalAuthority } from '../support/tls-fixtures.js';

const SCOPE = 'https://storage.azure.com/.default';
afterAll(trustLocalAuthority());

test('the storage library gets its tokens from our cache: one attempt for many callers', async () => {
  const asked: string[] = [];
  const credential = {
    key: 'test',
    getToken: async (scope: string) => {
      asked.push(scope);
      return { token: 'token-1', expiresOnMs: Date.now() + 3_600_000 };
    },
  };
  const library = tokenCredential({ credential, tokens: new TokenCache(systemClock) });
  const tokens = await Promise.all([library.getToken(SCOPE), library.getToken([SCOPE])]);
  expect(tokens.map((token) => token?.token)).toEqual(['token-1', 'token-1']);
  expect(asked).toEqual([SCOPE]);
});

/** The first token ends 36 s after the start, as the last of a day does; later ones after an hour. */
const FIRST_LIFETIME_MS = 36_000;

describe('the real storage library over TLS, with a token near its end', () => {
  let time: FakeTimers;
  let server: Server;
  let store: BlobStore;
  let authorized: (string | undefined)[];
  let attempts: number;
  let isEndpointWell: boolean;
  let tokenTakesMs: number;
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => void unhandled.push(reason);

  beforeEach(async () => {
    time = new FakeTimers();
    unhandled.length = 0;
    process.on('unhandledRejection', onUnhandled);
    authorized = [];
    attempts = 0;
    isEndpointWell = true;
    tokenTakesMs = 300;
    const noSuchBlob: RequestListener = (request, response) => {
      authorized.push(request.headers.authorization);
      response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound', date: new Date().toUTCString() }).end();
    };
    server = createServer(AUTHORITY_TLS, noSuchBlob) as Server;
    const url = (await time.until(listen(server, 0))).replace('http:', 'https:');
    await time.until(loadStorageLibraries());
    const credential: Credential = {
      key: 'test',
      getToken: async (_scope, signal) => {
        attempts++;
        const number = attempts;
        await systemClock.sleep(tokenTakesMs, signal);
        if (!isEndpointWell) throw new IdentityError('identity-unavailable', 'down');
        const lifetimeMs = number === 1 ? FIRST_LIFETIME_MS : 3_600_000;
        return { token: `token-${number}`, expiresOnMs: Date.now() + lifetimeMs };
      },
    };
    const tokens = new TokenCache(systemClock);
    const storage = { kind: 'identity', connection: 'TEST', blobUrl: url, queueUrl: url } as const;
    store = openBlobStore(systemClock, { ...storage, clientId: undefined }, { credential, tokens });
  });
  afterEach(async () => {
    await time.until(closeServer(server));
    process.off('unhandledRejection', onUnhandled);
    time.end();
  });

  const read = () => time.until(store.read('a-blob'));

  test('a quiet process: two reads around the last 30 s, then nothing; it lives, and the next read succeeds', async () => {
    await read();
    await time.pass(16_000);
    await read();
    await time.pass(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
    await read();
    expect(authorized.at(-1)).not.toBe('Bearer token-1');
    expect(unhandled).toEqual([]);
  });

  test('a busy process: a read every 2 s across the end of the token, none fails', async () => {
    for (let reads = 0; reads < 40; reads++) {
      await read();
      await time.pass(2_000);
    }
    expect(new Set(authorized).size).toBeGreaterThan(1);
    expect(unhandled).toEqual([]);
  });

  test('the token endpoint is down around the end of the token: reads fail until it is back, the process lives', async () => {
    await read();
    isEndpointWell = false;
    const outcomes: string[] = [];
    const tryToRead = () =>
      read().then(
        () => 'read',
        (error: { trouble?: string }) => error.trouble ?? 'other',
      );
    for (let reads = 0; reads < 30; reads++) {
      outcomes.push(await tryToRead());
      await time.pass(2_000);
    }
    expect(outcomes[0]).toBe('read'); // the token is still valid
    expect(new Set(outcomes)).toEqual(new Set(['read', 'no-token']));
    isEndpointWell = true;
    await time.pass(6_000); // a failure is remembered for 5 s
    expect(await tryToRead()).toBe('read');
    await time.pass(120_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  test('an operation that is given up does not end the attempt that another one waits for', async () => {
    tokenTakesMs = 4_000;
    const givenUp = store.read('a-blob').catch((error: { trouble?: string }) => error.trouble); // after 3 s
    await time.pass(2_000);
    const waits = store.read('another-blob');
    expect(await time.until(givenUp)).toBe('slow');
    expect(await time.until(waits)).toMatchObject({ blob: undefined });
    expect(attempts).toBe(1);
  });
});
