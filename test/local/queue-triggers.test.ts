import { readFile } from 'node:fs/promises';
import { app } from '@azure/functions';
import { expect, test } from '@jest/globals';
import { functionsCore } from '../../local/host/core.js';
import { startHost } from '../../local/host/host.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { VirtualClock } from '../support/virtual-clock.js';

app.setup({ enableHttpStream: true });

/** An app with one queue trigger, which is told what it has got. */
const register = (handler: (text: unknown) => void = () => {}) =>
  functionsCore.collect(() => {
    app.storageQueue('worker', { queueName: 'work', connection: 'AzureWebJobsStorage', handler });
  });

const hostJson = async () => JSON.parse(await readFile('host.json', 'utf8'));

test('a queue trigger gets the messages of its queue, with the host.json that is deployed', async () => {
  const clock = new VirtualClock();
  const queue = new MemoryQueue(clock);
  queue.put(Buffer.from('to do').toString('base64'));
  let tell: (text: unknown) => void = () => {};
  const got = new Promise((resolve) => {
    tell = resolve;
  });
  const host = await startHost({
    registrations: await register((text) => tell(text)),
    port: 0,
    hostJson: await hostJson(),
    clock,
    queues: () => queue.host,
  });
  expect(await got).toBe('to do');
  await host.close();
});

test('a queue trigger without an extension bundle is refused, as the real host does not know it', async () => {
  const { extensionBundle, ...withoutBundle } = await hostJson();
  expect(extensionBundle).toEqual({
    id: 'Microsoft.Azure.Functions.ExtensionBundle',
    version: '[4.*, 5.0.0)',
  });
  const starting = startHost({ registrations: await register(), port: 0, hostJson: withoutBundle });
  await expect(starting).rejects.toThrow(
    'Function "worker": queueTrigger is not registered: host.json needs an extensionBundle.',
  );
});

test('a queue has a poison queue beside it, unless it is one', async () => {
  const clock = new VirtualClock();
  const opened: string[] = [];
  const registrations = await functionsCore.collect(() => {
    const options = { connection: 'AzureWebJobsStorage', handler: () => {} };
    app.storageQueue('worker', { ...options, queueName: 'work' });
    app.storageQueue('poison', { ...options, queueName: 'work-poison' });
  });
  const host = await startHost({
    registrations,
    port: 0,
    hostJson: await hostJson(),
    clock,
    queues: (_connection, queueName) => {
      opened.push(queueName);
      return new MemoryQueue(clock).host;
    },
  });
  expect(opened).toEqual(['work', 'work-poison', 'work-poison']);
  await host.close();
});
