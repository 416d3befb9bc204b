import { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { app } from '@azure/functions';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { expect, test } from '@jest/globals';
import { functionsCore } from '../../local/host/core.js';
import { inProcess } from '../../local/host/in-process-worker.js';
import { createApp } from '../../shared/app/app.js';
import { systemClock } from '../../shared/base/clock.js';
import { freshAlertIds } from '../support/alert-ids.js';
import { answerOf, eventually, logged, pathOf } from '../support/polling.js';
import { registerApp } from '../support/register-app.js';
import { queueOf, storedWorlds } from '../support/stored-world.js';
import type { World } from '../support/world.js';

app.setup({ enableHttpStream: true });

const stored = storedWorlds();
let world: World;

/** What is registered for queues with such settings: function, queue and connection. */
async function triggers(env: Record<string, string>) {
  const startup = createApp(env, { clock: systemClock, random: Math.random, report: () => {} });
  const worker = await inProcess(await functionsCore.collect(() => registerApp(startup)), () => {})();
  await worker.kill();
  return worker.functions.flatMap(({ name, bindings }) =>
    Object.values(bindings)
      .filter(({ type }) => type === 'queueTrigger')
      .map(({ queueName, connection }) => ({ name, queueName, connection })),
  );
}

/** A world that can do no more than one call an hour for jobs. */
async function startSlowWorld(): Promise<World> {
  world = await stored.start({ settings: { QUOTA_PER_HOUR: '1' } });
  return world;
}

/** Puts a text into the queue that a function of this world listens to. */
async function put(text: string, name: 'jobWorker' | 'jobPoison'): Promise<void> {
  const service = QueueServiceClient.fromConnectionString(stored.azurite.connectionString);
  const queue = service.getQueueClient(queueOf(world, name));
  await queue.createIfNotExists();
  await queue.sendMessage(Buffer.from(text).toString('base64'));
}

test('the queues are listened to where state is stored, by the connection that was named, and nowhere else', async () => {
  const { connectionString } = stored.azurite;
  for (const connection of ['AzureWebJobsStorage', 'STATE']) {
    const named = await triggers({ STATE_STORAGE: connection, [connection]: connectionString });
    const queueName = (of: string) => expect.stringMatching(`^alert-ip-${of}-[0-9a-f]{32}$`);
    expect(named).toEqual([
      { name: 'jobWorker', connection, queueName: queueName('jobs') },
      { name: 'jobPoison', connection, queueName: `${named[0]?.queueName}-poison` },
      { name: 'deliveryWorker', connection, queueName: queueName('deliveries') },
      { name: 'deliveryPoison', connection, queueName: `${named[2]?.queueName}-poison` },
    ]);
  }
  expect(await triggers({ STATE_STORAGE: 'memory' })).toEqual([]);
  expect(
    await triggers({ STATE_STORAGE: 'STATE', STATE: connectionString, DEFENDER_CLOUD: 'cirrus' }),
  ).toEqual([]);
});

/** Makes a job's state that of one at which a worker has died between two of its turns; says which turn. */
async function letWorkerDie(id: string): Promise<number> {
  const service = BlobServiceClient.fromConnectionString(stored.azurite.connectionString);
  const container = service.getContainerClient('defender-alert-ip-enrichment');
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat()) names.push(name);
  const state = names.find((name) => name.endsWith(`/states/${id}.json`));
  const blob = container.getBlockBlobClient(String(state));
  return eventually(async () => {
    const { readableStreamBody = Readable.from([]) } = await blob.download();
    const job = JSON.parse(await readText(readableStreamBody));
    if (job.generation === 0 || job.claim) return undefined;
    const text = JSON.stringify({ ...job, claim: { by: 'a dead worker', untilMs: 0 } });
    await blob.upload(text, text.length);
    return job.generation;
  });
}

test('a poison message ends its job as failed, which says so, and operators are told', async () => {
  const { enrich, get, logs } = await startSlowWorld();
  const path = pathOf(await enrich({ alertIds: freshAlertIds(9) }, '?mode=async'));
  const id = String(path.split(/[/?]/)[3]);
  await put(JSON.stringify({ id, generation: await letWorkerDie(id) }), 'jobPoison');
  const answer = await answerOf(get, path);
  expect(answer.status).toBe(500);
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(answer.json.type).toMatch(/:job-failed$/);
  expect(answer.headers['retry-after']).toBeUndefined();
  // Told after the job has ended, which is what the answer waited for.
  await logged(logs, 'job-failed', id);
});

test('what somebody else puts into the queue is dropped and reported', async () => {
  const { enrich, get, logs } = await startSlowWorld();
  await answerOf(get, pathOf(await enrich({ alertIds: freshAlertIds(1) }, '?mode=async')));
  const foreign = [
    'no JSON',
    '{"id":"../../secret","generation":0}',
    `{"id":"${'a'.repeat(32)}","generation":1.5}`,
  ];
  for (const text of foreign) await put(text, 'jobWorker');
  const reports = () => logs.filter(({ message }) => message.includes('job-message-foreign'));
  await eventually(() => reports().length >= foreign.length || undefined);
  expect(reports()).toHaveLength(foreign.length);
});
