import type { ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { systemClock } from '../../shared/base/clock.js';
import { AzureBlobStore } from '../../shared/storage/azure-blob-store.js';
import { type BlobStore, STATE_BLOBS } from '../../shared/storage/blob-store.js';
import { openBlobStore } from '../../shared/storage/open.js';
import { NO_IDENTITY, openStore } from '../support/azurite-store.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

describe.each<[string, () => BlobStore]>([
  ['Azurite', () => openStore(azurite)],
  ['the one in memory', () => new MemoryBlobStore(systemClock)],
])('a blob store: %s', (_name, make) => {
  test('reads and lists nothing where there is nothing, and tells its time', async () => {
    const store = make();
    const before = Date.now();
    const { blob, storeTimeMs } = await store.read('new/absent');
    expect(blob).toBeUndefined();
    expect(storeTimeMs % 1000).toBe(0);
    expect(storeTimeMs).toBeGreaterThan(before - 2_000);
    expect(storeTimeMs).toBeLessThanOrEqual(Date.now());
    expect(await store.list('new/')).toMatchObject({ blobs: [], next: undefined });
  });

  test('writes once if absent, then only over the ETag that was read', async () => {
    const store = make();
    const first = await store.write('cas/one', '{"n":1}', 'absent');
    expect(first.etag).toBeDefined();
    expect((await store.write('cas/one', '{"n":2}', 'absent')).etag).toBeUndefined();
    const { blob } = await store.read('cas/one');
    expect(blob).toMatchObject({ text: '{"n":1}', etag: first.etag });
    const second = await store.write('cas/one', '{"n":3}', { etag: blob?.etag ?? '' });
    expect(second.etag).toBeDefined();
    expect((await store.write('cas/one', '{"n":4}', { etag: blob?.etag ?? '' })).etag).toBeUndefined();
    expect((await store.read('cas/one')).blob?.text).toBe('{"n":3}');
    expect((await store.write('cas/gone', '{}', { etag: blob?.etag ?? '' })).etag).toBeUndefined();
  });

  test('of many who write at once over one ETag, one does', async () => {
    const store = make();
    const { etag = '' } = await store.write('cas/race', '0', 'any');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.write('cas/race', String(n + 1), { etag })),
    );
    const winners = answers.flatMap((answer, n) => (answer.etag ? [String(n + 1)] : []));
    expect(winners).toHaveLength(1);
    expect((await store.read('cas/race')).blob?.text).toBe(winners[0]);
  });

  test('lists by prefix, and deletes what was not written again', async () => {
    const store = make();
    for (const name of ['list/a', 'list/b', 'other/c']) await store.write(name, '{}', 'any');
    const { blobs } = await store.list('list/');
    expect(blobs.map(({ name }) => name)).toEqual(['list/a', 'list/b']);
    await store.write('list/b', '{"again":true}', 'any');
    for (const { name, etag } of blobs) await store.delete(name, etag);
    await store.delete('list/a', blobs[0]?.etag ?? '');
    expect((await store.list('list/')).blobs.map(({ name }) => name)).toEqual(['list/b']);
  });
});

test('a library that takes long to load takes it from no operation’s time', async () => {
  const clock = new VirtualClock();
  const container = { getBlobClient: () => ({ delete: async () => ({}) }) } as unknown as ContainerClient;
  const store = new AzureBlobStore(clock, STATE_BLOBS, async () => {
    await clock.sleep(10 * STATE_BLOBS.timeoutMs);
    return container;
  });
  await clock.until(store.delete('x', '"1"'));
});

describe('a store that cannot be used', () => {
  test('says so, when to come back, and nothing of the connection', async () => {
    const key = Buffer.from('secret').toString('base64');
    const store = openStore({
      connectionString: `AccountName=secretaccount;AccountKey=${key};BlobEndpoint=http://127.0.0.1:1/secretaccount`,
    });
    const error = await store.read('x').catch((thrown) => thrown);
    expect(error).toMatchObject({ kind: 'storage-unavailable', status: 503 });
    expect(error.retryAtMs).toBeGreaterThan(systemClock.monotonicMs());
    expect(error.message).toContain('STATE_STORAGE');
    expect(error.message).not.toMatch(/secret|127\.0\.0\.1/);
  });

  test('with a wrong key it names the role and the key', async () => {
    const wrong = azurite.connectionString.replace(
      /AccountKey=[^;]+/,
      `AccountKey=${Buffer.alloc(64).toString('base64')}`,
    );
    await expect(openStore({ connectionString: wrong }).read('x')).rejects.toThrow(
      /HTTP 403.*Storage Blob Data Contributor and Storage Queue Data Contributor/,
    );
  });

  test('without a token it names the identity', async () => {
    const url = 'https://127.0.0.1:1';
    const storage = {
      kind: 'identity',
      connection: 'STATE',
      blobUrl: url,
      queueUrl: url,
      clientId: undefined,
    } as const;
    const store = openBlobStore(systemClock, storage, NO_IDENTITY);
    await expect(store.read('x')).rejects.toMatchObject({ kind: 'storage-unavailable' });
  });
});
