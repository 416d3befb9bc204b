import type { Clock } from '../base/clock.js';
import { runWithin } from '../base/deadline.js';
import { explainOpening, explainStorage, timedOut } from './storage-error.js';

/**
 * A client of a storage library, made with its first operation, so that a cold start does not pay for the
 * library.
 */
export class LazyClient<C> {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #open: () => Promise<C>;
  #client: Promise<C> | undefined;

  /**
   * @param timeoutMs the longest that one operation may take
   * @param open makes the client; the library is loaded by it
   */
  constructor(clock: Clock, timeoutMs: number, open: () => Promise<C>) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#open = open;
  }

  /**
   * Runs an operation within its time.
   * @throws {StorageError} that says what went wrong for the reader
   */
  async run<T>(operation: (client: C, signal: AbortSignal) => Promise<T>): Promise<T> {
    const client = await this.#opened(); // none of the storage's time: a busy machine takes seconds for it, once
    try {
      return await runWithin(this.#clock, this.#timeoutMs, timedOut, ({ signal }) =>
        operation(client, signal),
      );
    } catch (error) {
      throw explainStorage(error, this.#clock.monotonicMs());
    }
  }

  /** The client. An opening that failed is forgotten: the next operation opens it anew. */
  async #opened(): Promise<C> {
    this.#client ??= this.#open();
    const opening = this.#client;
    try {
      return await opening;
    } catch (error) {
      if (this.#client === opening) this.#client = undefined;
      throw explainOpening(error, this.#clock.monotonicMs());
    }
  }
}
