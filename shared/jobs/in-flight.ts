import type { Clock } from '../base/clock.js';
import { DeadlineError } from '../base/errors.js';
import { type Message, writeMessage } from '../queue-work/message.js';
import type { Admission } from '../queue-work/run-message.js';
import type { QueueStore } from '../storage/queue-store.js';

/** Says that this process is about to end. */
export interface StopSignal {
  /** Nothing new is to be begun. */
  readonly isStopping: boolean;
  /** Aborted when what is under way has to end at once. */
  readonly cut: AbortSignal;
}

/**
 * The part of the time for stopping in which calls under way may still be answered (a choice); the rest is
 * for writing.
 */
const SHARE_FOR_CALLS = 0.5;

/**
 * The jobs that this process works on. When the process is about to end, their messages are sent for other
 * instances. And a job that may have killed a worker is worked on alone: it must not take others along twice.
 */
export class InFlight implements StopSignal {
  readonly #clock: Clock;
  readonly #queue: QueueStore;
  readonly #cut = new AbortController();
  readonly #slices = new Map<Promise<unknown>, Message>();
  isStopping = false;
  #admitted = 0;
  #isOneAlone = false;
  #waitingAlone = 0;
  #leaving: Promise<void> | undefined;
  #left: () => void = () => {};

  constructor(clock: Clock, queue: QueueStore) {
    this.#clock = clock;
    this.#queue = queue;
  }

  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  /**
   * Waits until there is room for a job.
   * @param isAlone when no other job may be worked on beside it
   */
  async admit(message: Message, isAlone: boolean): Promise<Admission> {
    if (isAlone) this.#waitingAlone++;
    while (!this.isStopping && !this.#hasRoom(isAlone)) await this.#nextLeave();
    if (isAlone) this.#waitingAlone--;
    if (this.isStopping) return { kind: 'defer', message, waitMs: 0 };
    this.#admitted++;
    if (isAlone) this.#isOneAlone = true;
    const leave = () => {
      this.#admitted--;
      if (isAlone) this.#isOneAlone = false;
      this.#wakeAll();
    };
    return { kind: 'go', leave };
  }

  /** Keeps account of a slice of work while it lasts. */
  run<T>(message: Message, slice: () => Promise<T>): Promise<T> {
    const running = slice().finally(() => this.#slices.delete(running));
    this.#slices.set(running, message);
    return running;
  }

  /**
   * Lets every slice end at once, with what it has, and sends a message for each in any case, so that another
   * instance goes on with its job when this one has not the time to.
   *
   * @param withinMs after which the process may end
   * @returns ids of the jobs that were still being worked on then
   */
  async stop(withinMs: number): Promise<string[]> {
    this.isStopping = true;
    this.#wakeAll();
    const cutOff = this.#clock.alarm(withinMs * SHARE_FOR_CALLS, () =>
      this.#cut.abort(
        new DeadlineError('This instance of the app is being stopped.', {
          retryAtMs: this.#clock.monotonicMs(),
        }),
      ),
    );
    const sent = [...this.#slices.values()].map((message) =>
      this.#queue.send(writeMessage(message), withinMs).catch(() => {}),
    );
    const ended = Promise.allSettled([...sent, ...this.#slices.keys()]);
    await new Promise<void>((resolve) => {
      const off = this.#clock.alarm(withinMs, resolve);
      void ended.then(() => {
        off();
        resolve();
      });
    });
    cutOff();
    return [...this.#slices.values()].map(({ id }) => id);
  }

  #hasRoom(isAlone: boolean): boolean {
    return !this.#isOneAlone && (isAlone ? this.#admitted === 0 : this.#waitingAlone === 0);
  }

  #nextLeave(): Promise<void> {
    this.#leaving ??= new Promise((resolve) => {
      this.#left = resolve;
    });
    return this.#leaving;
  }

  #wakeAll(): void {
    this.#leaving = undefined;
    this.#left();
  }
}
