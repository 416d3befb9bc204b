import type { Clock } from '../../shared/base/clock.js';
import { type HostQueue, QueueFailure, type QueueMessage } from './queue-service.js';

/** What host.json says under `extensions.queues`, and the host's defaults. Times in milliseconds. */
export interface QueueSettings {
  readonly messageEncoding: 'base64' | 'none';
  readonly maxPollingMs: number;
  /** How long a message is hidden after a failure that was reported. */
  readonly visibilityMs: number;
  readonly maxDequeueCount: number;
  readonly batchSize: number;
  /** Another batch is fetched when no more than this many messages are in work. */
  readonly newBatchThreshold: number;
}

/** What a queue's messages are pumped with. */
export interface PumpOptions {
  readonly clock: Clock;
  readonly queue: HostQueue;
  /**
   * Where goes what was delivered too often; undefined: nowhere, as for a queue that is such a place itself.
   */
  readonly poison: HostQueue | undefined;
  readonly settings: QueueSettings;
  /** Works on a message's decoded text; rejects to report a failure. */
  readonly handle: (text: string, message: QueueMessage) => Promise<void>;
  /** Told of what fails, the handler or the queue. */
  readonly onError: (error: unknown) => void;
  /** Told of a failure of the queue that ends the host; without it, the pump goes on whatever happens. */
  readonly onFatal?: (error: unknown) => void;
}

/**
 * How long a message in work is hidden: should its worker be killed, nobody sees it before
 * (https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#peek-lock). The
 * real host renews it while the function runs; `functionTimeout` in host.json is below it, so this one need
 * not.
 */
export const LEASE_MS = 600_000;

/**
 * Between the tries of the host's storage client, which gives up after the sixth (`RetryOptions` of
 * Azure.Core).
 */
const RETRY_MS = [800, 1_600, 3_200, 6_400, 12_800];

/** The shortest time between two looks at an empty queue; it doubles up to `maxPollingMs`. */
const FIRST_POLL_MS = 100;

/**
 * Feeds the messages of a queue to a function, as the real host's queue trigger does: decoded, several
 * at once, deleted after success, seen again after a failure, and moved to the poison queue when they
 * were delivered too often, or are in the wrong encoding. Of a queue without a poison queue what fails
 * is neither given back nor moved nor deleted: it is seen again when its lease is over, and after
 * `maxDequeueCount` deliveries it is passed over, until the storage account lets it expire
 * (`QueueListenerFactory` and `QueueProcessor` in azure-sdk-for-net).
 *
 * A failure of the queue that outlives the client's tries ends the host, which takes HTTP along: all but 404,
 * 409, 5xx and time-outs of a look, and all but 404 and time-outs of anything else.
 */
export class QueuePump {
  readonly #options: PumpOptions;
  readonly #stopped = new AbortController();
  readonly #working = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #roomMade: () => void = () => {};

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Takes no new message; resolves when those in work are done. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#roomMade();
    await this.#running;
    await Promise.all(this.#working);
  }

  async #run(): Promise<void> {
    const { clock, settings } = this.#options;
    for (let pollMs = FIRST_POLL_MS; !this.#stopped.signal.aborted; ) {
      const messages = await this.#receive();
      for (const message of messages) this.#begin(message);
      if (messages.length > 0) {
        pollMs = FIRST_POLL_MS;
        await this.#room();
      } else {
        await clock.sleep(pollMs, this.#stopped.signal).catch(() => {});
        pollMs = Math.min(settings.maxPollingMs, pollMs * 2);
      }
    }
  }

  async #receive(): Promise<readonly QueueMessage[]> {
    const { queue, settings } = this.#options;
    const received = this.#tried(() => queue.receive(settings.batchSize, LEASE_MS));
    return received.catch((error: unknown) => {
      const status = statusOf(error) ?? 0;
      this.#failed(error, status !== 409 && status < 500);
      return [];
    });
  }

  /** Works with a message; the host ends if it cannot. */
  #settle(operation: () => Promise<void>): Promise<void> {
    return this.#tried(operation).catch((error: unknown) => this.#failed(error, true));
  }

  /** Tries an operation as often as the host's client does. */
  async #tried<T>(operation: () => Promise<T>): Promise<T> {
    for (const ms of RETRY_MS) {
      try {
        return await operation();
      } catch (error) {
        if (!isWorthRetrying(error) || this.#stopped.signal.aborted) throw error;
        await this.#options.clock.sleep(ms, this.#stopped.signal).catch(() => {});
      }
    }
    return operation();
  }

  #failed(error: unknown, isFatal: boolean): void {
    const { onError, onFatal } = this.#options;
    const isTimeout = error instanceof QueueFailure && error.isTimeout;
    if (!isFatal || isTimeout || !onFatal || this.#stopped.signal.aborted) onError(error);
    else onFatal(error);
  }

  /** Resolves when there is room for another batch. */
  async #room(): Promise<void> {
    while (this.#working.size > this.#options.settings.newBatchThreshold && !this.#stopped.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#roomMade = resolve;
      });
    }
  }

  #begin(message: QueueMessage): void {
    const work = this.#work(message)
      .catch(this.#options.onError)
      .finally(() => {
        this.#working.delete(work);
        this.#roomMade();
      });
    this.#working.add(work);
  }

  async #work(message: QueueMessage): Promise<void> {
    const { queue, poison, settings, handle, onError } = this.#options;
    const bytes = decode(message.text, settings.messageEncoding);
    // One that is delivered too often without a report belongs to workers that died of it.
    if (bytes === undefined || message.dequeueCount > settings.maxDequeueCount) return this.#giveUp(message);
    try {
      await handle(UTF_8.decode(bytes), message);
    } catch (error) {
      onError(error);
      if (message.dequeueCount >= settings.maxDequeueCount) return this.#giveUp(message);
      if (poison) await this.#settle(() => queue.hide(message, settings.visibilityMs));
      return;
    }
    await this.#settle(() => queue.delete(message));
  }

  async #giveUp(message: QueueMessage): Promise<void> {
    const { queue, poison } = this.#options;
    if (!poison) return;
    await this.#settle(() => poison.send(message.text));
    await this.#settle(() => queue.delete(message));
  }
}

/** What is no UTF-8 fails like a handler does. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/**
 * As `Convert.FromBase64String` of .NET does: white space anywhere, padding wanted, and no other alphabet.
 */
function decode(text: string, encoding: QueueSettings['messageEncoding']): Buffer | undefined {
  if (encoding === 'none') return Buffer.from(text);
  const packed = text.replace(/[ \t\r\n]/g, '');
  const isBase64 = packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed);
  return isBase64 ? Buffer.from(packed, 'base64') : undefined;
}

function statusOf(error: unknown): number | undefined {
  return error instanceof QueueFailure ? error.status : undefined;
}

/** No answer, or one that passes. */
function isWorthRetrying(error: unknown): boolean {
  if (error instanceof QueueFailure && error.isTimeout) return false;
  const status = statusOf(error);
  return status === undefined || status === 408 || status === 429 || status >= 500;
}
