import type { Startup } from '../shared/app/app.js';
import { registerQueueWorker } from './queueWorker.js';

/**
 * Works on jobs, a slice of work for each message; and ends those whose message the host has given up, having
 * delivered it too often. Not registered without storage, nor with wrong settings: then the messages
 * wait.
 */
export function registerJobWorker(startup: Startup): void {
  if (!startup.ok || !startup.app.jobs || !startup.app.shared) return;
  const { jobs, report, shared } = startup.app;
  registerQueueWorker({
    name: 'job',
    plural: 'jobs',
    places: shared.jobs.places,
    connection: shared.connection,
    report,
    work: (message, dequeueCount) => jobs.work(message, dequeueCount),
    giveUp: (message) => jobs.giveUp(message),
  });
}
