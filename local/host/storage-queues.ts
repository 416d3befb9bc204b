import type { QueueClient } from '@azure/storage-queue';
import type { HostQueue, QueueService } from './queue-service.js';

/** Longer than any storage that still answers takes; one that hangs is asked again after it. */
const TIMEOUT_MS = 20_000;

/**
 * Queues of a storage account: the connection's setting holds a connection string, as it does on this
 * machine.
 */
export function storageQueues(env: Readonly<Record<string, string | undefined>>): QueueService {
  return (connection, queueName) => new StorageQueue(env[connection] ?? '', queueName);
}

class StorageQueue implements HostQueue {
  readonly #client: Promise<QueueClient>;

  constructor(connectionString: string, queueName: string) {
    // Not before there is a queue to listen to: it is a large library.
    this.#client = import('@azure/storage-queue').then(({ QueueServiceClient }) =>
      QueueServiceClient.fromConnectionString(connectionString).getQueueClient(queueName),
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

  async hide(
    { id, receipt, text }: { id: string; receipt: string; text: string },
    ms: number,
  ): Promise<void> {
    const client = await this.#client;
    await client.updateMessage(id, receipt, text, ms / 1000, inTime()).catch(unlessMissing);
  }

  async send(text: string): Promise<void> {
    const client = await this.#client;
    await client.createIfNotExists(inTime());
    await client.sendMessage(text, { messageTimeToLive: -1, ...inTime() });
  }
}

function inTime(): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(TIMEOUT_MS) };
}

/** 404: there is no such queue, no such message, or it has been given to another. */
function unlessMissing(error: unknown): undefined {
  if ((error as { statusCode?: number }).statusCode === 404) return undefined;
  throw error;
}
