import type { Deadline } from '../base/deadline.js';
import { DeadlineError } from '../base/errors.js';
import type { Work } from './source.js';

/**
 * Why work is stopped once all its callers have left. One error for all: each would capture a stack trace.
 */
const NOBODY_WAITS = new DeadlineError('Nobody waits for this answer any more.');
/** When a caller whose time ran out may find the answer ready. */
const COME_BACK_MS = 5_000;

/**
 * Makes one piece of work out of equal ones asked for at the same time. Each caller waits no longer
 * than its own deadline; the work goes on while anyone waits, and is stopped when nobody does.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /**
   * The result of the work under `key`: the one in flight, else a new one.
   * @throws {DeadlineError} when the caller's time is up first
   */
  async join(key: string, deadline: Deadline, start: (work: Work) => Promise<T>): Promise<T> {
    let flight = this.#flights.get(key);
    if (!flight || flight.isOver) {
      flight = new Flight(start);
      this.#flights.set(key, flight);
    }
    try {
      return await flight.wait(deadline);
    } finally {
      if (flight.isOver && this.#flights.get(key) === flight) this.#flights.delete(key);
    }
  }
}

class Flight<T> implements Work {
  /** Made when the signal is first asked for: thousands of lookups end without one. */
  #stop: AbortController | undefined;
  readonly #result: Promise<T>;
  #untilMs = Number.NEGATIVE_INFINITY;
  #stage: string | undefined;
  #waiting = 0;
  #isAbandoned = false;
  isOver = false;

  constructor(start: (work: Work) => Promise<T>) {
    // In a later turn, so that the first caller's deadline is known before the work begins.
    this.#result = Promise.resolve()
      .then(() => start(this))
      .finally(() => {
        this.isOver = true;
      });
    this.#result.catch(() => {}); // the callers may all have left
  }

  get signal(): AbortSignal {
    this.#stop ??= new AbortController();
    if (this.#isAbandoned) this.#stop.abort(NOBODY_WAITS);
    return this.#stop.signal;
  }

  untilMs(): number {
    return this.#untilMs;
  }

  at(stage: string): void {
    this.#stage = stage;
  }

  async wait(deadline: Deadline): Promise<T> {
    this.#untilMs = Math.max(this.#untilMs, deadline.atMs);
    this.#waiting++;
    try {
      return await deadline.unlessOver(this.#result);
    } catch (error) {
      throw deadline.signal.aborted && !this.isOver ? this.#outOfTime(deadline) : error;
    } finally {
      this.#waiting--;
      if (this.#waiting === 0 && !this.isOver) this.#abandon();
    }
  }

  #outOfTime(deadline: Deadline): DeadlineError {
    return new DeadlineError(
      `The time allowed ran out while waiting for ${this.#stage ?? 'the start'}. Ask again, or allow a longer wait.`,
      { retryAtMs: deadline.atMs + COME_BACK_MS },
    );
  }

  #abandon(): void {
    this.isOver = true;
    this.#isAbandoned = true;
    this.#stop?.abort(NOBODY_WAITS);
  }
}
