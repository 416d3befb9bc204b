import { createServer, type RequestListener } from 'node:http';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { closeServer, listen } from '../../local/loopback.js';
import { systemClock } from '../../shared/base/clock.js';
import { SharedAnswerCache } from '../../shared/lookup/shared-answer-cache.js';
import { type BlobLimits, LARGE_BLOBS, STATE_BLOBS } from '../../shared/storage/blob-store.js';
import { CONTAINER, openBlobStore, openQueueStore } from '../../shared/storage/open.js';
import { NO_IDENTITY } from '../support/azurite-store.js';
import { loadStorageLibraries } from '../support/storage-libraries.js';

let azurite: Azurite;
beforeAll(async () => {
  await loadStorageLibraries();
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

const connection = (connectionString: string) =>
  ({ kind: 'connection-string', connection: 'STATE', connectionString }) as const;
const storeOf = (limits: BlobLimits) =>
  openBlobStore(systemClock, connection(azurite.connectionString), NO_IDENTITY, limits);

/** Writes past the app, as anybody can who has the account's key. */
async function putForeign(name: string, text: string): Promise<void> {
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient(
    CONTAINER,
  );
  await container.createIfNotExists();
  await container.getBlockBlobClient(name).upload(text, Buffer.byteLength(text));
}

describe.each([
  ['state', STATE_BLOBS],
  // Half a gigabyte is not moved in a test: the bound is the same code, at a hundredth of it.
  ['payloads', { ...LARGE_BLOBS, largestBytes: 5 * 1024 * 1024 }],
])('a blob of any size: %s', (kind, limits) => {
  const largest = 'x'.repeat(limits.largestBytes);

  test('what is as large as it may be is written, and read as it was', async () => {
    const store = storeOf(limits);
    await store.write(`${kind}/largest`, largest, 'any');
    const { blob } = await store.read(`${kind}/largest`);
    expect(blob?.text === largest).toBe(true);
  });

  test('what nobody could read again is not written, and the refusal says how large it was', async () => {
    const store = storeOf(limits);
    const writing = store.write(`${kind}/larger`, `${largest}y`, 'any');
    await expect(writing).rejects.toMatchObject({ kind: 'storage-unavailable', retryAtMs: undefined });
    await expect(writing).rejects.toThrow(`${limits.largestBytes + 1} bytes`);
    expect((await store.read(`${kind}/larger`)).blob).toBeUndefined();
  });

  test("somebody else's larger one is read as nothing, again and again, and the process lives when its connections end", async () => {
    await putForeign(`${kind}/foreign`, `${largest}yy`);
    const store = storeOf(limits);
    const reads = await Promise.all(Array.from({ length: 5 }, () => store.read(`${kind}/foreign`)));
    for (const { blob } of reads) {
      expect(blob).toMatchObject({ text: '', unreadBytes: limits.largestBytes + 2 });
      expect(blob?.etag).toMatch(/^".+"$/);
    }
    expect(
      (await store.write(`${kind}/foreign`, '{}', { etag: reads[0]?.blob?.etag ?? '' })).etag,
    ).toBeDefined();
    await azurite.restart(); // ends every connection that is left
    expect((await store.read(`${kind}/foreign`)).storeTimeMs).toBeGreaterThan(0);
  });
});

test('an answer that is larger than a shared blob may be is not shared, and the shared cache goes on', async () => {
  const reports: unknown[] = [];
  const cache = new SharedAnswerCache({
    clock: systemClock,
    store: storeOf(STATE_BLOBS),
    times: { ipsSeconds: 300, notFoundSeconds: 30 },
    owner: 'me',
    report: (report) => reports.push(report),
  });
  const ips = Array.from(
    { length: 130_000 },
    (_, n) => `2001:db8:1111:2222:3333:4444:${(n >> 8).toString(16)}:${n & 255}`,
  );
  await cache.keep('many', { status: 'found', ips, unusable: [] });
  await cache.keep('one', { status: 'found', ips: ['192.0.2.1'], unusable: [] });
  expect(await cache.find('many', {})).toBeUndefined();
  expect(await cache.find('one', {})).toMatchObject({ answer: { ips: ['192.0.2.1'] } });
  expect(reports).toEqual([]);
});

describe('what comes from somebody between the app and the storage', () => {
  const servers: ReturnType<typeof createServer>[] = [];
  afterEach(() => Promise.all(servers.splice(0).map((server) => closeServer(server))));

  async function between(answer: RequestListener) {
    const server = createServer((request, response) => {
      request.resume();
      answer(request, response);
    });
    servers.push(server);
    const url = await listen(server, 0);
    const key = Buffer.from('secret').toString('base64');
    const storage = connection(
      `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${key};BlobEndpoint=${url}/a;QueueEndpoint=${url}/a`,
    );
    return {
      blobs: openBlobStore(systemClock, storage, NO_IDENTITY),
      queue: openQueueStore(systemClock, storage, NO_IDENTITY, 'work'),
    };
  }

  test.each([
    ["a proxy's page", 404, { 'content-type': 'text/html' }, '<html>Not Found</html>'],
    ["a gateway's JSON", 404, { 'content-type': 'application/json' }, '{"statusCode":404}'],
    ['a wrong address', 404, { 'x-ms-error-code': 'ResourceNotFound' }, ''],
    ['nothing at all', 404, {}, ''],
    ['a precondition of its own', 412, { 'content-type': 'text/html' }, '<html>Precondition</html>'],
  ])(
    '%s does not say that a blob or a queue is not there, nor that it was written or deleted',
    async (_who, status, headers, body) => {
      const { blobs, queue } = await between((_request, response) =>
        response.writeHead(status, headers).end(body),
      );
      const unusable = { kind: 'storage-unavailable', message: expect.stringContaining(`(HTTP ${status})`) };
      await expect(blobs.read('x')).rejects.toMatchObject(unusable);
      await expect(blobs.write('x', '{}', 'absent')).rejects.toMatchObject(unusable);
      await expect(blobs.delete('x', '"1"')).rejects.toMatchObject(unusable);
      await expect(blobs.list('x')).rejects.toMatchObject(unusable);
      await expect(queue.count()).rejects.toMatchObject(unusable);
      await expect(queue.send('x', 0)).rejects.toMatchObject(unusable);
    },
  );

  test.each([
    ['a page without an ETag', { 'content-length': '6', 'last-modified': new Date().toUTCString() }],
    ['a body without a length', { etag: '"1"', 'last-modified': new Date().toUTCString() }],
    ['a blob without its time', { etag: '"1"', 'content-length': '6' }],
    [
      'a body shorter than it says',
      { etag: '"1"', 'content-length': '99', 'last-modified': new Date().toUTCString() },
    ],
  ])('%s is no blob, and the process lives', async (_what, headers: Record<string, string>) => {
    const { blobs } = await between(({ socket }) => {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 200 OK\r\ndate: ${new Date().toUTCString()}\r\n${lines.join('')}\r\n<html>`);
      if (headers['content-length'] !== '6') socket.end();
    });
    await expect(blobs.read('x')).rejects.toThrow('could not be used');
  });
});
