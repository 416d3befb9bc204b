import { app, type InvocationContext } from '@azure/functions';
import type { Reporter } from '../shared/base/environment.js';
import { failureWithoutStack, loggedFault } from '../shared/base/errors.js';
import type { Places } from '../shared/queue-work/blob-names.js';
import { type Message, readMessage } from '../shared/queue-work/message.js';

/** Work that waits in a queue, and who does it. */
export interface QueueWork {
  /** What is worked on, as functions and events are named after it: `job`. */
  readonly name: string;
  /** The same, many of them: `jobs`. */
  readonly plural: string;
  readonly places: Places;
  /** The name of the storage connection. */
  readonly connection: string;
  readonly report: Reporter;
  /**
   * Does what a message says; the word that it comes to is logged.
   * @param dequeueCount how often the host has handed the message over, this time included
   */
  work(message: Message, dequeueCount: number): Promise<string>;
  /** Ends that of which the host has delivered the message too often. */
  giveUp(message: Message): Promise<void>;
}

/** Listens to a queue, and to the one into which the host puts what it has given up. */
export function registerQueueWorker(waiting: QueueWork): void {
  const { name, plural, places, connection, report } = waiting;
  const foreign = () =>
    report({
      event: `${name}-message-foreign`,
      detail: `The queue of ${plural} held a message that this app has not written. It was dropped. Find out what writes there.`,
    });
  app.storageQueue(`${name}Worker`, {
    queueName: places.queue,
    connection,
    handler: async (entry, context) => {
      const message = readMessage(entry);
      if (!message) return foreign();
      const dequeueCount = Number(context.triggerMetadata?.dequeueCount) || 1;
      const worked = await told(message, context, () => waiting.work(message, dequeueCount));
      context.info(JSON.stringify({ event: `${name}-worked`, ...message, worked }));
    },
  });
  app.storageQueue(`${name}Poison`, {
    queueName: places.poisonQueue,
    connection,
    handler: (entry, context) => {
      const message = readMessage(entry);
      return message ? told(message, context, () => waiting.giveUp(message)) : foreign();
    },
  });

  /** The host logs what it is told of a failure, and counts it: so we log what may be logged, and tell it no more. */
  async function told<T>(message: Message, context: InvocationContext, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      context.error(JSON.stringify({ event: `${name}-fault`, ...message, ...loggedFault(error) }));
      throw failureWithoutStack(`The work on the ${name} ${message.id} failed.`);
    }
  }
}
