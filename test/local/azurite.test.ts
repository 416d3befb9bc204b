import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';

const DAY_MS = 86_400_000;

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

test('its clock is as far ahead after a restart as it was before', async () => {
  await azurite.setAhead(DAY_MS);
  await azurite.restart();
  const queue = QueueServiceClient.fromConnectionString(azurite.connectionString).getQueueClient('work');
  await queue.create();
  const { insertedOn } = await queue.sendMessage('x');
  expect(Number(insertedOn) - Date.now()).toBeGreaterThan(DAY_MS - 60_000);
});
