import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { childWorker } from '../../local/host/child-worker.js';
import type { LogEntry } from '../../local/host/core-api.js';
import { type RunningHost, startHost } from '../../local/host/host.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { eventually } from '../support/polling.js';
import { VirtualClock } from '../support/virtual-clock.js';

const moduleUrl = (path: string) => pathToFileURL(resolve(path)).href;

/** Its queue's function never ends a first delivery. */
const ENTRY = `
  import { createRequire } from 'node:module';
  const { app } = createRequire('${moduleUrl('package.json')}')('@azure/functions');
  app.setup({ enableHttpStream: true });
  const forEver = () => new Promise(() => setInterval(() => {}, 1_000));
  app.http('pid', { handler: () => ({ body: String(process.pid) }) });
  app.http('hangs', { handler: (_request, context) => (context.log('hanging'), forEver()) });
  app.http('crashes', { handler: () => process.exit(3) });
  app.http('reports', { handler: () => (console.error('it failed'), console.error('all is well'), {}) });
  app.storageQueue('worker', {
    queueName: 'work',
    connection: 'STATE',
    handler: async (text, context) => {
      const count = Number(context.triggerMetadata.dequeueCount);
      context.log('took ' + text + ' ' + count);
      if (count === 1) await forEver();
    },
  });
  app.hook.appTerminate(() => console.log('terminate'));
  process.on('exit', () => console.log('exit'));
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'app-'));
  await writeFile(join(folder, 'package.json'), '{"type":"module","main":"entry.js"}');
  await writeFile(join(folder, 'entry.js'), ENTRY);
});
afterAll(() => rm(folder, { recursive: true }));

let host: RunningHost;
afterEach(() => host.close(0));

async function start() {
  const logs: LogEntry[] = [];
  const children: ChildProcess[] = [];
  const log = (entry: LogEntry) => void logs.push(entry);
  const clock = new VirtualClock();
  const [queue, poison] = [new MemoryQueue(clock), new MemoryQueue(clock)];
  host = await startHost({
    registrations: childWorker({
      folder,
      log,
      execArgv: ['--import', moduleUrl('node_modules/tsx/dist/esm/index.mjs')],
      onStart: (child) => children.push(child),
    }),
    port: 0,
    log,
    clock,
    hostJson: {
      functionTimeout: '00:04:00',
      extensionBundle: { id: 'bundle', version: '4' },
      extensions: { queues: { visibilityTimeout: '00:00:30', maxPollingInterval: '00:00:02' } },
    },
    queues: (_connection, name) => (name === 'work' ? queue.host : poison.host),
  });
  const get = (path: string) =>
    fetch(`${host.url}/api/${path}`).then(async (answer) => ({
      status: answer.status,
      text: await answer.text(),
    }));
  const said = (text: string) => eventually(async () => logs.find(({ message }) => message.includes(text)));
  return { logs, children, clock, queue, get, said };
}

test('H7: a worker that dies fails what it had in work at once, and another one goes on', async () => {
  const { children, get, said } = await start();
  const before = await get('pid');
  const hanging = get('hangs');
  const crashing = get('crashes');
  expect([(await crashing).status, (await hanging).status]).toEqual([500, 500]);
  const after = await eventually(async () => {
    const answer = await get('pid');
    return answer.status === 200 ? answer : undefined;
  });
  expect(after.text).not.toBe(before.text);
  expect(children).toHaveLength(2);
  await said('exit');
});

test('H7: a message whose worker is killed is back after 30 s, with one delivery spent', async () => {
  const { children, clock, queue, get, said } = await start();
  queue.put(Buffer.from('first').toString('base64'));
  await clock.pass(2_000);
  await said('took first 1');
  children[0]?.kill('SIGKILL');
  await once(children[0] as ChildProcess, 'exit');
  await eventually(async () => ((await get('pid')).status === 200 ? true : undefined));
  const [message] = queue.messages.values();
  expect((message?.visibleAtMs ?? 0) - clock.monotonicMs()).toBe(30_000);
  await clock.pass(33_000);
  await said('took first 2');
});

test('H3: functionTimeout ends the worker: its hooks run, its process ends with them, and another one answers', async () => {
  const { clock, get, said } = await start();
  const before = await get('pid');
  const hanging = get('hangs');
  await said('hanging');
  await clock.pass(240_000);
  expect((await hanging).status).toBe(500);
  await said('terminate');
  await said('exit');
  expect((await get('pid')).text).not.toBe(before.text);
});

test('H16: what a worker writes to stderr has its level by its words', async () => {
  const { get, said } = await start();
  await get('reports');
  expect((await said('it failed')).level).toBe('error');
  expect((await said('all is well')).level).toBe('information');
});
