import { QueueServiceClient } from '@azure/storage-queue';
import { afterEach, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import type { QueueService } from '../../local/host/queue-service.js';
import { storageQueues } from '../../local/host/storage-queues.js';
import { type Receiver, startReceiver, URL_CANARY } from '../delivery/receiver.js';
import { freshAlertIds } from '../support/alert-ids.js';
import { eventually } from '../support/polling.js';
import { queueOf } from '../support/stored-world.js';
import { startWorld, type World } from '../support/world.js';
import { consult } from './consult.js';

let world: World;
let azurite: Azurite | undefined;
let receiver: Receiver | undefined;
afterEach(async () => {
  await world.close();
  await receiver?.close();
  await azurite?.close();
});

/** What the doctor says of the two queues. */
async function queuesOf() {
  const { answer } = await consult(world);
  const checks: { name: string; status: string; found: string; fix?: string }[] = answer.json.checks;
  return checks.filter(({ name }) => name === 'queues');
}

test('without storage there is nothing to look at', async () => {
  world = await startWorld();
  const { names } = await consult(world);
  expect(names).not.toContain('queues');
  expect(names).not.toContain('dead-letters');
});

test('what waits in the queues, what was given up, and the dead letters with how to send them again; all is left as it was', async () => {
  azurite = await startAzurite();
  receiver = await startReceiver();
  receiver.answer = () => 410;
  const FORWARD_DESTINATIONS = JSON.stringify(receiver.destination());
  let isListening = false;
  const open = storageQueues({ AzureWebJobsStorage: azurite.connectionString });
  const queues: QueueService = (connection, name) => {
    const queue = open(connection, name);
    return {
      receive: async (most, ms) => (isListening ? queue.receive(most, ms) : []),
      delete: (message) => queue.delete(message),
      hide: (message, ms) => queue.hide(message, ms),
      send: (text) => queue.send(text),
    };
  };
  const settings = {
    STATE_STORAGE: undefined,
    AzureWebJobsStorage: azurite.connectionString,
    FORWARD_DESTINATIONS,
  };
  world = await startWorld({ settings, queues });
  expect(await queuesOf()).toMatchObject([
    { status: 'ok', found: expect.stringContaining('About 0 messages are in the queue of jobs') },
    { status: 'ok', found: expect.stringContaining('About 0 messages are in the queue of deliveries') },
  ]);
  const post = async () =>
    (await world.enrich({ alertId: freshAlertIds(1)[0] }, '?forward=siem')).json.delivery.id;
  await post();
  const dead = await post();
  expect((await queuesOf())[1]).toMatchObject({ found: expect.stringContaining('About 2 messages') });

  const service = QueueServiceClient.fromConnectionString(azurite.connectionString);
  const poison = service.getQueueClient(queueOf(world, 'deliveryPoison'));
  await poison.createIfNotExists();
  await poison.sendMessage(Buffer.from(JSON.stringify({ id: dead, generation: 0 })).toString('base64'));
  expect((await queuesOf())[1]).toMatchObject({
    status: 'warn',
    found: expect.stringContaining('1 failed too often'),
    fix: expect.any(String),
  });
  expect((await consult(world)).of('dead-letters')).toMatchObject({ status: 'ok' });

  isListening = true;
  const told = await eventually(async () => {
    const { names, of } = await consult(world);
    return names.includes('dead-letters') && of('dead-letters').found.startsWith('Dead letters: 2,')
      ? of('dead-letters')
      : undefined;
  });
  expect(told).toMatchObject({
    status: 'warn',
    found: expect.stringContaining(dead),
    fix: expect.stringContaining('redeliver'),
  });
  isListening = false;
  await azurite.kill();
  const { bad, answer } = await consult(world);
  // One account, one cause: it is reported once.
  expect(bad).toEqual(['fail storage', 'warn telemetry']);
  expect(answer.text).not.toContain(URL_CANARY);
});

test('a destination that takes connections and refuses what it is sent does not look healthy', async () => {
  azurite = await startAzurite();
  const refusing = await startReceiver();
  receiver = refusing;
  refusing.answer = () => 401;
  const settings = {
    STATE_STORAGE: undefined,
    AzureWebJobsStorage: azurite.connectionString,
    FORWARD_DESTINATIONS: JSON.stringify(refusing.destination('siem', { scheduleSeconds: [0, 3_600] })),
  };
  world = await startWorld({ settings });
  const { id } = (await world.enrich({ alertId: freshAlertIds(1)[0] }, '?forward=siem')).json.delivery;
  const told = await eventually(async () => {
    const { of } = await consult(world);
    return of('destinations').status === 'warn' ? of('destinations') : undefined;
  });
  expect(told.found).toMatch(new RegExp(`^siem: .*${id}.*last answer 401.*next attempt \\d{4}-`));
  expect(told.fix).toContain('answered 401');
});
