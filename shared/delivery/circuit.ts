import {
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhenResult,
} from 'cockatiel';
import type { Clock } from '../base/clock.js';
import type { Sent } from './sending.js';

/** What became of one attempt, and what that tells of the receiver. */
export interface Exchange {
  readonly sent: Sent;
  /** `unknown`: it was not asked, or not waited for. */
  readonly receiver: 'well' | 'failing' | 'unknown';
}

/** So many failures in a row, whatever bodies they were of. */
const FAILURES = 5;
const FIRST_REST_MS = 30_000;
const LONGEST_REST_MS = 300_000;

/**
 * Spares a receiver that fails again and again, in this process. After a rest one attempt is let through: when it
 * succeeds all are again, else the next rest is twice as long.
 *
 * The library counts and keeps the state. It measures rests by the calendar, which can jump; so it is told that
 * they are over at once, and the clock decides.
 */
export class Circuit {
  readonly #clock: Clock;
  readonly #breaker;
  #restsUntilMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    const rest = ({ attempt }: { readonly attempt: number }) => {
      this.#restsUntilMs =
        clock.monotonicMs() + Math.min(FIRST_REST_MS * 2 ** (attempt - 1), LONGEST_REST_MS);
      return Number.NEGATIVE_INFINITY;
    };
    this.#breaker = circuitBreaker(
      handleWhenResult((attempt) => (attempt as Exchange).receiver === 'failing'),
      { breaker: new ConsecutiveBreaker(FAILURES), halfOpenAfter: new DelegateBackoff(rest) },
    );
  }

  /**
   * Attempts, unless the receiver is spared.
   * @param longestMs how long one attempt can take: those that come while the receiver is tried wait as long
   */
  async run(longestMs: number, attempt: () => Promise<Exchange>): Promise<Sent> {
    const retryAfterMs = this.#spareMs(longestMs);
    if (retryAfterMs > 0) return { kind: 'spared', retryAfterMs };
    try {
      const { sent } = await this.#breaker.execute(async () => {
        const made = await attempt();
        if (made.receiver === 'unknown') throw new Undecided(made.sent);
        return made;
      });
      return sent;
    } catch (error) {
      if (error instanceof Undecided) return error.sent;
      throw error;
    }
  }

  #spareMs(longestMs: number): number {
    switch (this.#breaker.state) {
      case CircuitState.HalfOpen:
        return longestMs;
      case CircuitState.Open:
        return Math.ceil(this.#restsUntilMs - this.#clock.monotonicMs());
      default:
        return 0;
    }
  }
}

/** An attempt that is to count neither as success nor as failure: the library counts no errors that it is not told of. */
class Undecided extends Error {
  readonly sent: Sent;

  constructor(sent: Sent) {
    super('the attempt says nothing of the receiver');
    this.sent = sent;
  }
}
