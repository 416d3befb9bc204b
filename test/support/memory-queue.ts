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
  /** Messages that the app has sent so far. */
  sent = 0;
  /** Says how a message that the app sends is lost: before it is in the queue, or only its answer. */
  fault: () => 'before' | 'after' | undefined = () => undefined;
  readonly #clock: Clock;
  readonly #latencyMs: number;
  #count = 0;

  /** @param latencyMs half of it before an operation takes effect, half after */
  constructor(clock: Clock, latencyMs = 0) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
  }

  /** The app's side. */
  async send(text: string, delayMs: number): Promise<void> {
    await this.#half();
    this.sent++;
    const fault = this.fault();
    if (fault !== 'before') {
      this.put(Buffer.from(text).toString('base64'), Math.ceil(Math.max(0, delayMs) / 1000) * 1000);
    }
    await this.#half();
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
    const after = async <T>(effect: () => T): Promise<T> => {
      await this.#half();
      const result = effect();
      await this.#half();
      return result;
    };
    return {
      receive: (most, hiddenMs) => after(() => this.#receive(most, hiddenMs)),
      delete: ({ id, receipt }) =>
        after(() => {
          if (this.messages.get(id)?.receipt === receipt) this.messages.delete(id);
        }),
      hide: ({ id, receipt }, ms) =>
        after(() => {
          const kept = this.messages.get(id);
          if (kept?.receipt === receipt) kept.visibleAtMs = this.#clock.monotonicMs() + ms;
        }),
      send: async (text) => this.put(text),
    };
  }

  #receive(most: number, hiddenMs: number): QueueMessage[] {
    const nowMs = this.#clock.monotonicMs();
    const first: Kept[] = [];
    for (const kept of this.messages.values()) {
      if (kept.visibleAtMs > nowMs) continue;
      const at = first.findIndex((other) => isBefore(kept, other));
      if (at >= 0) first.splice(at, 0, kept);
      else if (first.length < most) first.push(kept);
      if (first.length > most) first.pop();
    }
    return first.map((kept) => {
      kept.visibleAtMs = nowMs + hiddenMs;
      kept.dequeueCount++;
      kept.receipt = `r${++this.#count}`;
      const { id, text, receipt, dequeueCount } = kept;
      return { id, text, receipt, dequeueCount };
    });
  }

  async #half(): Promise<void> {
    if (this.#latencyMs > 0) await this.#clock.sleep(this.#latencyMs / 2);
  }
}

function isBefore(one: Kept, other: Kept): boolean {
  return (
    one.visibleAtMs < other.visibleAtMs || (one.visibleAtMs === other.visibleAtMs && one.order < other.order)
  );
}
