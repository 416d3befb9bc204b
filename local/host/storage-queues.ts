import type { QueueClient } from '@azure/storage-queue';
import { type HostQueue, QueueFailure, type QueueService } from './queue-service.js';

/** Longer than any storage that still answers takes; one that hangs is asked again after it. */
const TIMEOUT_MS = 20_000;

/**
 * Queues of a storage account: the connection's setting holds a connection string, as it does on this
 * machine. Opening a queue of any other connection throws.
 */
export function storageQueues(env: Readonly<Record<string, string | undefined>>): QueueService {
  return (connection, queueName) => {
    const connectionString = env[connection];
    if (connectionString) return new StorageQueue(connectionString, queueName);
    throw new Error(
      `${connection} has no connection string, and the local host listens to queues with one only: set it, set STATE_STORAGE=memory, or remove STATE_STORAGE and AzureWebJobsStorage__* to get Azurite.`,
    );
  };
}

class StorageQueue implements HostQueue {
  readonly #client: Promise<QueueClient>;

  constructor(connectionString: string, queueName: string) {
    // Not before there is a queue to listen to: it is a large library.
    this.#client = import('@azure/storage-queue').then(({ QueueServiceClient }) =>
      // How often is the host's matter: queue-pump.ts.
      QueueServiceClient.fromConnectionString(connectionString, {
        retryOptions: { maxTries: 1 },
      }).getQueueClient(queueName),
    );
    this.#client.catch(() => {}); // whoever uses it is told
  }

  async receive(most: number, hiddenMs: number) {
    const options = { numberOfMessages: most, visibilityTimeout: hiddenMs / 1000, ...inTime() };
    const answer = await (await this.#client).receiveMessages(options).catch(unlessMissing);
    return (answer?.receivedMessageItems ?? []).map(
      ({ messageId, messageText, popReceipt, dequeueCount }) => ({
        id: messageId,
        text: messageText,
        receipt: popReceipt,
        dequeueCount,
      }),
    );
  }

  async delete({ id, receipt }: { id: string; receipt: string }): Promise<void> {
    await (await this.#client).deleteMessage(id, receipt, inTime()).catch(unlessMissing);
  }

  async hide({ id, receipt }: { id: string; receipt: string }, ms: number): Promise<void> {
    const client = await this.#client;
    await client.updateMessage(id, receipt, undefined, ms / 1000, inTime()).catch(unlessMissing);
  }

  async send(text: string): Promise<void> {
    const client = await this.#client;
    await client.createIfNotExists(inTime()).catch(asFailure);
    // As the real host does, without a time to live: the service's own is 7 days.
    await client.sendMessage(text, inTime()).catch(asFailure);
  }
}

function inTime(): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(TIMEOUT_MS) };
}

/** 404: there is no such queue, no such message, or it has been given to another. */
function unlessMissing(error: unknown): undefined {
  if ((error as { statusCode?: number }).statusCode === 404) return undefined;
  return asFailure(error);
}

function asFailure(error: unknown): never {
  const { message, statusCode, name } = error as Error & { statusCode?: number };
  throw new QueueFailure(message, statusCode, name === 'AbortError');
}
