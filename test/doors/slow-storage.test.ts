import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { type Receiver, startReceiver } from '../delivery/receiver.js';
import { freshAlertIds } from '../support/alert-ids.js';
import { answerOf, pathOf } from '../support/polling.js';
import { expectRetryLater } from '../support/problems.js';
import { type StorageProxy, startStorageProxy } from '../support/storage-proxy.js';
import { startWorld, type World } from '../support/world.js';

let azurite: Azurite;
let storage: StorageProxy;
let receiver: Receiver;
let world: World;
beforeAll(async () => {
  azurite = await startAzurite();
  storage = await startStorageProxy(azurite.connectionString);
  receiver = await startReceiver();
  world = await startWorld({
    settings: {
      STATE_STORAGE: undefined,
      AzureWebJobsStorage: storage.connectionString,
      FORWARD_DESTINATIONS: JSON.stringify(receiver.destination()),
    },
  });
});
afterEach(() => {
  storage.onExchange = () => 'pass';
});
afterAll(async () => {
  await world.close();
  await receiver.close();
  await storage.close();
  await azurite.close();
});

/** Lets the storage do what is asked, and loses its answer. */
function loseAnswers(to: RegExp): void {
  storage.onExchange = (stage, request) => (stage === 'answered' && to.test(request) ? 'hold' : 'pass');
}

test('a job that is not started within the wait → 504, and the repeated post joins it', async () => {
  const [alertId] = freshAlertIds(1);
  loseAnswers(/^POST .*-jobs-.*\/messages$/);
  const late = await world.enrich({ alertId }, '?mode=async&wait=2');
  expectRetryLater(late, 504, 'deadline-exceeded');
  storage.onExchange = () => 'pass';
  const joined = await world.enrich({ alertId }, '?mode=async');
  expect(joined.status).toBe(202);
  expect((await answerOf(world.get, pathOf(joined))).status).toBe(200);
  expect(world.asked().filter((path) => path.includes(alertId ?? ''))).toHaveLength(1);
});

test('a forward that is not ordered within the wait → 504, and the repeated post is delivered once', async () => {
  const [alertId] = freshAlertIds(1);
  loseAnswers(/^PUT .*\/deliveries\/.*\/same\//);
  const late = await world.enrich({ alertId }, '?forward=siem&wait=2');
  expectRetryLater(late, 504, 'deadline-exceeded');
  storage.onExchange = () => 'pass';
  const { status, json } = await world.enrich({ alertId }, '?forward=siem');
  expect([status, json.delivery.status]).toEqual([200, 'queued']);
  await receiver.arrived(1);
  expect(receiver.arrivals.map(({ id }) => id)).toEqual([json.delivery.id]);
});
