/** The same two on our own local host. */

import { functionsCore } from '../local/host/core.js';
import { startHost } from '../local/host/host.js';
import { answerCoreModule } from '../local/host/load.js';
import { LEASE_MS, QueuePump } from '../local/host/queue-pump.js';
import { storageQueues } from '../local/host/storage-queues.js';
import { systemClock } from '../shared/base/clock.js';
import type { StartListener } from './listener.js';
import type { Front, Reached } from './proxy-scenarios.js';

/** The pump of the local host's queue triggers. */
export const localListener: StartListener = async (account, settings, handler) => {
  const queues = storageQueues({ AzureWebJobsStorage: account.connectionString });
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const pump = new QueuePump({
    clock: systemClock,
    queue: queues('AzureWebJobsStorage', account.queueName),
    poison: queues('AzureWebJobsStorage', `${account.queueName}-poison`),
    settings: { messageEncoding: 'base64', ...settings },
    handle: (text, { dequeueCount }) => handler({ text, dequeueCount, leaseMs: LEASE_MS }),
    onError: () => {},
    onFatal: end,
  });
  return {
    ended,
    stop: async () => {
      await pump.stop();
      end();
    },
  };
};

/** The local host's front, with a function that takes every request. */
export async function startLocalFront(): Promise<Front> {
  answerCoreModule();
  const { app } = await import('@azure/functions');
  const reached: Reached[] = [];
  const registrations = await functionsCore.collect(() => {
    app.setup({ enableHttpStream: true });
    for (const [name, route] of [
      ['echo', 'echo'],
      ['echoBelow', 'echo/{below}'],
    ] as const) {
      app.http(name, {
        methods: ['GET', 'POST'],
        authLevel: 'anonymous',
        route,
        handler: async (request) => {
          const { pathname, search } = new URL(request.url);
          const headers = Object.fromEntries(request.headers.entries());
          const body = Buffer.from(await request.arrayBuffer());
          reached.push({ method: request.method, path: `${pathname}${search}`, headers, body });
          return { ...front.answer, body: 'answered' };
        },
      });
    }
  });
  const host = await startHost({ registrations, port: 0, hostJson: {} });
  const front: Front = {
    port: Number(new URL(host.url).port),
    reached,
    refusals: () => 0,
    answer: { status: 200 },
    close: () => host.close(0),
  };
  return front;
}
