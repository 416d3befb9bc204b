/**
 * The store's time, from the `Date` of its answers: the one clock that all instances share. Their own
 * calendars are not asked; they can be minutes apart.
 *
 * `Date` has a resolution of one second. An answer that says D to a request sent at t0 and answered at
 * t1 (both monotonic and local) means that the store's time was in [D, D + 1 s) at some moment in
 * [t0, t1], so its offset from the local clock is in [D − t1, D + 1 s − t0]. Each answer narrows what
 * is known to the overlap; a dozen of them know it to some 100 ms. Pure but for what it remembers.
 */
export class StoreClock {
  #offset: Interval | undefined;
  #knownAtMs = 0;

  /** Takes an answer that says `storeTimeMs` to a request that was sent at `sentMs` and answered at `answeredMs`. */
  learn(storeTimeMs: number, sentMs: number, answeredMs: number): void {
    const sample = {
      leastMs: storeTimeMs - SERVERS_DIFFER_MS - answeredMs,
      mostMs: storeTimeMs + RESOLUTION_MS + SERVERS_DIFFER_MS - sentMs,
    };
    const before = this.#at(answeredMs);
    const both = before && {
      leastMs: Math.max(sample.leastMs, before.leastMs),
      mostMs: Math.min(sample.mostMs, before.mostMs),
    };
    // No overlap: one of the clocks was set, or this machine slept. What is newest is true.
    this.#offset = both && both.leastMs <= both.mostMs ? both : sample;
    this.#knownAtMs = answeredMs;
  }

  /** The store's time at `localMs`, or undefined before the first answer. */
  at(localMs: number): StoreMoment | undefined {
    const offset = this.#at(localMs);
    if (!offset) return undefined;
    return {
      earliestMs: Math.floor(localMs + offset.leastMs),
      latestMs: Math.ceil(localMs + offset.mostMs),
    };
  }

  /** The local moment from which on the store's time is surely `storeMs` or later; −∞ before the first answer. */
  localTime(storeMs: number): number {
    if (!this.#offset) return Number.NEGATIVE_INFINITY;
    // `at` solved for its argument; the last term outweighs what rounding loses, so that whoever sleeps
    // until then does not find that the time has not quite come.
    return Math.ceil((storeMs - this.#offset.leastMs - this.#knownAtMs * DRIFT) / (1 - DRIFT) + 0.01);
  }

  /** What is known goes stale as the clocks drift apart. */
  #at(localMs: number): Interval | undefined {
    if (!this.#offset) return undefined;
    const driftMs = Math.max(0, localMs - this.#knownAtMs) * DRIFT;
    return { leastMs: this.#offset.leastMs - driftMs, mostMs: this.#offset.mostMs + driftMs };
  }
}

/** The store's time at one moment, as well as it is known. */
export interface StoreMoment {
  readonly earliestMs: number;
  readonly latestMs: number;
}

interface Interval {
  readonly leastMs: number;
  readonly mostMs: number;
}

const RESOLUTION_MS = 1_000;
/** A storage service is many servers; how far their clocks are taken to be apart from the true time. */
const SERVERS_DIFFER_MS = 50;
/** Two crystals drift apart by less than 100 millionths of the time that passes. */
const DRIFT = 1e-4;
