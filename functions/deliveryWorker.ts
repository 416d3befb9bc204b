import { app } from '@azure/functions';
import type { Startup } from '../shared/app.js';
import { readMessage } from '../shared/storage/message.js';

/**
 * Tries deliveries, one attempt for each message; and makes dead letters of those whose message the host
 * has given up, having delivered it too often. Not registered without storage, nor with wrong settings: then
 * the messages wait.
 */
export function registerDeliveryWorker(startup: Startup): void {
  if (!startup.ok || !startup.app.deliveries || !startup.app.shared) return;
  const { deliveries, report, shared } = startup.app;
  const { connection } = shared;
  const { places } = shared.deliveries;
  app.storageQueue('deliveryWorker', {
    queueName: places.queue,
    connection,
    handler: async (entry, context) => {
      const message = readMessage(entry);
      if (!message) return report({ event: 'delivery-message-foreign', detail: FOREIGN });
      const worked = await deliveries.work(message);
      context.info(
        JSON.stringify({ event: 'delivery-worked', id: message.id, generation: message.generation, worked }),
      );
    },
  });
  app.storageQueue('deliveryPoison', {
    queueName: `${places.queue}-poison`,
    connection,
    handler: async (entry) => {
      const message = readMessage(entry);
      if (!message) return report({ event: 'delivery-message-foreign', detail: FOREIGN });
      await deliveries.giveUp(message);
    },
  });
}

const FOREIGN =
  'The queue of deliveries held a message that this app has not written. It was dropped. Find out what writes there.';
