import type { Startup } from '../shared/app/app.js';
import { registerQueueWorker } from './queueWorker.js';

/**
 * Tries deliveries, one attempt for each message; and makes dead letters of those whose message the host
 * has given up, having delivered it too often. Not registered without storage, nor with wrong settings: then
 * the messages wait.
 */
export function registerDeliveryWorker(startup: Startup): void {
  if (!startup.ok || !startup.app.deliveries || !startup.app.shared) return;
  const { deliveries, report, shared } = startup.app;
  registerQueueWorker({
    name: 'delivery',
    plural: 'deliveries',
    places: shared.deliveries.places,
    connection: shared.connection,
    report,
    work: (message) => deliveries.work(message),
    giveUp: (message) => deliveries.giveUp(message),
  });
}
