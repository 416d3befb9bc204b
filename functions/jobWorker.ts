import { app } from '@azure/functions';
import type { Startup } from '../shared/app.js';
import { readMessage } from '../shared/storage/message.js';

/**
 * Works on jobs, a turn for each message; and ends those whose message the host has given up, having
 * delivered it too often. Not registered without storage, nor with wrong settings: then the messages
 * wait.
 */
export function registerJobWorker(startup: Startup): void {
  if (!startup.ok || !startup.app.jobs || !startup.app.shared) return;
  const { jobs, report, shared } = startup.app;
  const { connection } = shared;
  const { places } = shared.jobs;
  app.storageQueue('jobWorker', {
    queueName: places.queue,
    connection,
    handler: async (entry, context) => {
      const message = readMessage(entry);
      if (!message) return report({ event: 'job-message-foreign', detail: FOREIGN });
      const worked = await jobs.work(message);
      context.info(
        JSON.stringify({ event: 'job-worked', id: message.id, generation: message.generation, worked }),
      );
    },
  });
  app.storageQueue('jobPoison', {
    queueName: `${places.queue}-poison`,
    connection,
    handler: async (entry) => {
      const message = readMessage(entry);
      if (!message) return report({ event: 'job-message-foreign', detail: FOREIGN });
      await jobs.giveUp(message);
      report({
        event: 'job-failed',
        detail: `The job ${message.id} failed again and again and was ended. Look for the errors of jobWorker before this line.`,
      });
    },
  });
}

const FOREIGN =
  'The queue of jobs held a message that this app has not written. It was dropped. Find out what writes there.';
