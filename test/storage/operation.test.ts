import { createServer } from 'node:http';
import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { closeServer, listen } from '../../local/loopback.js';
import { systemClock } from '../../shared/base/clock.js';
import { LazyClient } from '../../shared/storage/lazy-client.js';
import { openBlobStore, openQueueStore } from '../../shared/storage/open.js';
import { NO_IDENTITY } from '../support/azurite-store.js';
import { loadStorageLibraries } from '../support/storage-libraries.js';
import { VirtualClock } from '../support/virtual-clock.js';

let azurite: Azurite;
beforeAll(async () => {
  await loadStorageLibraries();
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

const connection = (connectionString: string) =>
  ({ kind: 'connection-string', connection: 'STATE', connectionString }) as const;

test('a connection that the storage closed while it was idle costs no failure: the operation is tried once more', async () => {
  let requests = 0;
  const server = createServer(({ socket }, response) => {
    if (++requests === 2) return void socket.destroy();
    response.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' }).end();
  });
  const url = await listen(server, 0);
  const key = Buffer.from('secret').toString('base64');
  const storage = connection(
    `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${key};BlobEndpoint=${url}/a;QueueEndpoint=${url}/a`,
  );
  const store = openBlobStore(systemClock, storage, NO_IDENTITY);
  expect((await store.read('x')).blob).toBeUndefined();
  expect((await store.read('x')).blob).toBeUndefined();
  expect(requests).toBe(3);
  await closeServer(server);
});

test('a message that is queued never expires by itself', async () => {
  const queue = openQueueStore(systemClock, connection(azurite.connectionString), NO_IDENTITY, 'kept');
  await queue.send('work', 0);
  const client = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient('kept');
  const { receivedMessageItems } = await client.receiveMessages();
  const [message] = receivedMessageItems;
  expect(Buffer.from(message?.messageText ?? '', 'base64').toString()).toBe('work');
  const tenYears = 10 * 365 * 86_400_000;
  expect(message?.expiresOn.getTime()).toBeGreaterThan(Date.now() + tenYears);
});

describe('a library that cannot be loaded', () => {
  const emfile = () =>
    Object.assign(new Error('too many open files, open /app/storage.js'), { code: 'EMFILE' });

  test('is loaded anew by the next operation, and not by each of those that waited together', async () => {
    const clock = new VirtualClock();
    let openings = 0;
    const client = new LazyClient(clock, 3_000, () =>
      ++openings === 1 ? Promise.reject(emfile()) : Promise.resolve('client'),
    );
    const both = await Promise.allSettled([client.run(async () => 1), client.run(async () => 2)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(openings).toBe(1);
    expect(await client.run(async (opened) => opened)).toBe('client');
    expect(await client.run(async (opened) => opened)).toBe('client');
    expect(openings).toBe(2);
  });

  test('is named as what failed, with its code and without its path; the storage is not blamed', async () => {
    const client = new LazyClient(new VirtualClock(), 3_000, () => Promise.reject(emfile()));
    const error = await client.run(async () => 1).catch((thrown) => thrown);
    expect(error).toMatchObject({ kind: 'storage-unavailable', retryAtMs: expect.any(Number) });
    expect(error.message).toContain('EMFILE');
    expect(error.message).toContain('was not asked');
    expect(error.message).not.toContain('/app');
  });
});
