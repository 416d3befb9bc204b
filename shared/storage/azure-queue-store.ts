import { isRestError } from '@azure/core-rest-pipeline';
import type { QueueClient } from '@azure/storage-queue';
import type { Clock } from '../base/clock.js';
import { OPERATION_TIMEOUT_MS } from './blob-store.js';
import { LazyClient } from './lazy-client.js';
import type { ReadableQueue, TakenMessage } from './queue-store.js';

/** Without it a message is gone after a week; -1 keeps it until it has been worked on. */
const NEVER_EXPIRES = -1;
/** https://learn.microsoft.com/rest/api/storageservices/put-message#uri-parameters */
const LONGEST_DELAY_SECONDS = 7 * 24 * 3_600 - 1;

/** A queue of an Azure storage account. Nothing is asked of it before the first message. */
export class AzureQueueStore implements ReadableQueue {
  readonly #queue: LazyClient<QueueClient>;

  /** @param open makes the client; the library is loaded by it */
  constructor(clock: Clock, open: () => Promise<QueueClient>) {
    this.#queue = new LazyClient(clock, OPERATION_TIMEOUT_MS, open);
  }

  send(text: string, delayMs: number): Promise<void> {
    const seconds = Math.min(LONGEST_DELAY_SECONDS, Math.max(0, Math.ceil(delayMs / 1000)));
    // The host's trigger wants base64, and the library does not encode by itself.
    const message = Buffer.from(text).toString('base64');
    return this.#queue.run(async (queue, signal) => {
      const options = {
        abortSignal: signal,
        visibilityTimeout: seconds,
        messageTimeToLive: NEVER_EXPIRES,
      };
      await queue.sendMessage(message, options).catch(async (error: unknown) => {
        if (!isQueueMissing(error)) throw error;
        await queue.createIfNotExists({ abortSignal: signal });
        await queue.sendMessage(message, options);
      });
    });
  }

  async take(hiddenMs: number): Promise<TakenMessage | undefined> {
    const visibilityTimeout = hiddenMs / 1000;
    const received = await this.#queue.run(async (queue, signal) => {
      const options = { numberOfMessages: 1, visibilityTimeout, abortSignal: signal };
      return unlessGone(queue.receiveMessages(options));
    });
    const [message] = received?.receivedMessageItems ?? [];
    if (!message) return undefined;
    const { messageId, popReceipt, messageText, dequeueCount } = message;
    const settle = (operation: (queue: QueueClient, abortSignal: AbortSignal) => Promise<unknown>) =>
      this.#queue.run(async (queue, signal) => void (await unlessGone(operation(queue, signal))));
    return {
      text: Buffer.from(messageText, 'base64').toString('utf8'),
      taken: dequeueCount,
      remove: () =>
        settle((queue, abortSignal) => queue.deleteMessage(messageId, popReceipt, { abortSignal })),
      giveBack: (ms) =>
        settle((queue, abortSignal) =>
          queue.updateMessage(messageId, popReceipt, undefined, ms / 1000, { abortSignal }),
        ),
    };
  }

  count(): Promise<number> {
    return this.#queue.run(async (queue, signal) => {
      try {
        return (await queue.getProperties({ abortSignal: signal })).approximateMessagesCount ?? 0;
      } catch (error) {
        if (isQueueMissing(error)) return 0;
        throw error;
      }
    });
  }
}

const GONE = new Set(['QueueNotFound', 'MessageNotFound', 'PopReceiptMismatch']);

/** There is no such queue, no such message, or it has been given to somebody else. */
async function unlessGone<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (isRestError(error) && GONE.has(String(error.code))) return undefined;
    throw error;
  }
}

/** By the service's own code: a proxy's page is a 404, too. */
function isQueueMissing(error: unknown): boolean {
  return isRestError(error) && error.code === 'QueueNotFound';
}
