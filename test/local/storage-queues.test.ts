import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { storageQueues } from '../../local/host/storage-queues.js';
import { loadStorageLibraries } from '../support/storage-libraries.js';

const DAY_MS = 86_400_000;

let azurite: Azurite;
beforeAll(async () => {
  await loadStorageLibraries();
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

test('what the host puts into a queue, which it does with poison, expires after the 7 days of the service', async () => {
  const { connectionString } = azurite;
  await storageQueues({ AzureWebJobsStorage: connectionString })('AzureWebJobsStorage', 'a-poison').send('x');
  const queue = QueueServiceClient.fromConnectionString(connectionString).getQueueClient('a-poison');
  const [message] = (await queue.peekMessages()).peekedMessageItems;
  expect(Number(message?.expiresOn) - Number(message?.insertedOn)).toBe(7 * DAY_MS);
});

test('a connection by identity is refused, with what to do', () => {
  const open = storageQueues({ AzureWebJobsStorage__accountName: 'account1' });
  expect(() => open('AzureWebJobsStorage', 'work')).toThrow(
    /^AzureWebJobsStorage has no connection string, .*STATE_STORAGE=memory.*Azurite\.$/,
  );
});
