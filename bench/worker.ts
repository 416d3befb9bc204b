/** The process under measurement: the local host, which becomes an app when it is told to. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { startHost } from '../local/host/host.js';
import { loadApp } from '../local/host/load.js';
import type { HostQueue } from '../local/host/queue-service.js';
import { storageQueues } from '../local/host/storage-queues.js';
import type { Command, Reply } from './messages.js';

/** On Azure the host looks after queues, in a process of its own; so they stay silent unless they are measured. */
const noQueue: HostQueue = {
  receive: () => new Promise(() => {}),
  delete: async () => {},
  hide: async () => {},
  send: async () => {},
};

let delay: IntervalHistogram | undefined;

async function answer(command: Command): Promise<Reply> {
  switch (command.kind) {
    case 'assign': {
      Object.assign(process.env, command.settings);
      const registrations = await loadApp(command.directory);
      const { url } = await startHost({
        registrations,
        port: 0,
        hostJson: JSON.parse(await readFile(join(command.directory, 'host.json'), 'utf8')),
        queues: command.listens ? storageQueues(command.settings) : () => noQueue,
      });
      return { kind: 'assigned', url };
    }
    case 'memory':
      return { kind: 'memory', residentBytes: process.memoryUsage.rss() };
    case 'watch':
      delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      return { kind: 'watching' };
    case 'stall':
      delay?.disable();
      return { kind: 'stall', ms: (delay?.max ?? 0) / 1e6 };
    case 'json': {
      const text = await readFile(command.file, 'utf8');
      const beganMs = performance.now();
      JSON.stringify(JSON.parse(text));
      return { kind: 'json', ms: performance.now() - beganMs };
    }
  }
}

const send = (reply: Reply) => process.send?.(reply);
process.on('message', (command: Command) => {
  answer(command).then(send, (error: unknown) => send({ kind: 'failed', message: String(error) }));
});
process.on('disconnect', () => process.exit());
send({ kind: 'ready' });
