import type { HostQueue, QueueMessage } from '../../local/host/queue-service.js';
import type { Clock } from '../../shared/base/clock.js';
import { StorageError } from '../../shared/base/errors.js';
import type { QueueStore } from '../../shared/storage/queue-store.js';

interface Kept {
  readonly id: string;
  readonly text: string;
  readonly order: number;
  visibleAtMs: number;
  dequeueCount: number;
  receipt: string;
}

/** A queue in memory and in a test's time, for both of its sides: the app's, and the host's. */
export class MemoryQueue implements QueueStore {
  readonly messages = new Map<string, Kept>();
  /** Says how a message that the app sends is lost: before it is in the queue, or only its answer. */
  fault: () => 'before' | 'after' | undefined = () => undefined;
  readonly #clock: Clock;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The app's side. */
  async send(text: string, delayMs: number): Promise<void> {
    const fault = this.fault();
    if (fault !== 'before') {
      this.put(Buffer.from(text).toString('base64'), Math.ceil(Math.max(0, delayMs) / 1000) * 1000);
    }
    if (fault) {
      throw new StorageError('The queue of the test is down.', {
        retryAtMs: this.#clock.monotonicMs() + 5_000,
      });
    }
  }

  async count(): Promise<number> {
    return this.messages.size;
  }

  /** @param dequeueCount how often the host has handed it over before */
  put(text: string, delayMs = 0, dequeueCount = 0): void {
    const order = ++this.#count;
    const visibleAtMs = this.#clock.monotonicMs() + delayMs;
    this.messages.set(`m${order}`, {
      id: `m${order}`,
      text,
      order,
      visibleAtMs,
      dequeueCount,
      receipt: '',
    });
  }

  /** The host's side. */
  get host(): HostQueue {
    return {
      receive: async (most, hiddenMs) => this.#receive(most, hiddenMs),
      delete: async ({ id, receipt }) => {
        if (this.messages.get(id)?.receipt === receipt) this.messages.delete(id);
      },
      hide: async ({ id, receipt }, ms) => {
        const kept = this.messages.get(id);
        if (kept?.receipt === receipt) kept.visibleAtMs = this.#clock.monotonicMs() + ms;
      },
      send: async (text) => this.put(text),
    };
  }

  #receive(most: number, hiddenMs: number): QueueMessage[] {
    const nowMs = this.#clock.monotonicMs();
    const visible = [...this.messages.values()].filter(({ visibleAtMs }) => visibleAtMs <= nowMs);
    return visible
      .sort((one, other) => one.visibleAtMs - other.visibleAtMs || one.order - other.order)
      .slice(0, most)
      .map((kept) => {
        kept.visibleAtMs = nowMs + hiddenMs;
        kept.dequeueCount++;
        kept.receipt = `r${++this.#count}`;
        const { id, text, receipt, dequeueCount } = kept;
        return { id, text, receipt, dequeueCount };
      });
  }
}
