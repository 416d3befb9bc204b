/** An answer of the store, and when it came. Local times are of the monotonic clock. */
export interface TimeSample {
  readonly storeTimeMs: number;
  readonly sentMs: number;
  readonly answeredMs: number;
  /** This machine's calendar, when it was answered. */
  readonly epochMs: number;
}

/**
 * The store's time, from the `Date` of its answers: the one clock that all instances share. Their own
 * calendars are not asked; they can be minutes apart.
 *
 * `Date` has a resolution of one second. An answer that says D to a request sent at t0 and answered at
 * t1 (both monotonic and local) means that the store's time was in [D, D + 1 s) at some moment in
 * [t0, t1], so its offset from the local clock is in [D − t1, D + 1 s − t0]. Each answer narrows what
 * is known to the overlap; a dozen of them know it to some 100 ms.
 *
 * A `Date` that jumps is not believed, whatever set it: the store, or something between. Both times are held
 * for possible from then on, so that windows are judged by the earlier one and calls charged at the later
 * one. Only where this machine's calendar went the same way did the machine sleep, which its monotonic clock
 * does not count. Pure but for what it remembers.
 */
export class StoreClock {
  #offset: Interval | undefined;
  /** Another offset that an answer said, while the first one is not seen again. */
  #doubt: Interval | undefined;
  #knownAtMs = 0;
  /** How far the calendar was ahead of the monotonic clock when the offset was last confirmed. */
  #calendarMs = 0;
  /** Answers in a row that were out of all bounds. */
  #outOfBounds = 0;

  /**
   * Takes an answer.
   * @returns `jumped` when its time is another than was known; `unusable` when it is so far off that the
   *   answer must
   *   not be used
   */
  learn(sample: TimeSample): 'as-known' | 'jumped' | 'unusable' {
    const { storeTimeMs, sentMs, answeredMs, epochMs } = sample;
    const said = {
      leastMs: storeTimeMs - SERVERS_DIFFER_MS - answeredMs,
      mostMs: storeTimeMs + RESOLUTION_MS + SERVERS_DIFFER_MS - sentMs,
    };
    const before = this.#at(answeredMs);
    const both = before && overlap(said, before);
    const calendarMs = epochMs - answeredMs;
    if (!before || both) {
      if (this.#doubt && overlap(said, this.#doubt) === undefined) this.#doubt = undefined;
      return this.#confirm(both ?? said, answeredMs, calendarMs);
    }
    const jumpMs = said.leastMs - before.leastMs;
    if (Math.abs(calendarMs - this.#calendarMs - jumpMs) <= SLEEP_DIFFERS_MS) {
      this.#doubt = undefined;
      return this.#confirm(said, answeredMs, calendarMs);
    }
    if (Math.abs(jumpMs) > LONGEST_JUMP_MS && ++this.#outOfBounds < MOST_OUT_OF_BOUNDS) return 'unusable';
    if (Math.abs(jumpMs) > LONGEST_JUMP_MS) {
      this.#confirm(said, answeredMs, calendarMs);
      return 'jumped';
    }
    const isNew = !this.#doubt || !overlap(said, this.#doubt);
    this.#doubt = (this.#doubt && overlap(said, this.#doubt)) ?? said;
    return isNew ? 'jumped' : 'as-known';
  }

  /** The store's time at `localMs`, or undefined before the first answer. */
  at(localMs: number): StoreMoment | undefined {
    const offset = this.#possible(localMs);
    if (!offset) return undefined;
    return {
      earliestMs: Math.floor(localMs + offset.leastMs),
      latestMs: Math.ceil(localMs + offset.mostMs),
    };
  }

  /**
   * The local moment from which on the store's time is surely `storeMs` or later; −∞ before the first answer.
   */
  localTime(storeMs: number): number {
    if (!this.#offset) return Number.NEGATIVE_INFINITY;
    const leastMs = Math.min(this.#offset.leastMs, this.#doubt?.leastMs ?? Number.POSITIVE_INFINITY);
    // `at` solved for its argument; the last term outweighs what rounding loses, so that whoever sleeps
    // until then does not find that the time has not quite come.
    return Math.ceil((storeMs - leastMs - this.#knownAtMs * DRIFT) / (1 - DRIFT) + 0.01);
  }

  #confirm(offset: Interval, answeredMs: number, calendarMs: number): 'as-known' {
    this.#offset = offset;
    this.#knownAtMs = answeredMs;
    this.#calendarMs = calendarMs;
    this.#outOfBounds = 0;
    return 'as-known';
  }

  #possible(localMs: number): Interval | undefined {
    const offset = this.#at(localMs);
    const doubt = this.#doubt;
    if (!offset || !doubt) return offset;
    return {
      leastMs: Math.min(offset.leastMs, doubt.leastMs - this.#driftMs(localMs)),
      mostMs: Math.max(offset.mostMs, doubt.mostMs + this.#driftMs(localMs)),
    };
  }

  /** What is known goes stale as the clocks drift apart. */
  #at(localMs: number): Interval | undefined {
    if (!this.#offset) return undefined;
    const driftMs = this.#driftMs(localMs);
    return { leastMs: this.#offset.leastMs - driftMs, mostMs: this.#offset.mostMs + driftMs };
  }

  #driftMs(localMs: number): number {
    return Math.max(0, localMs - this.#knownAtMs) * DRIFT;
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

function overlap(one: Interval, other: Interval): Interval | undefined {
  const both = {
    leastMs: Math.max(one.leastMs, other.leastMs),
    mostMs: Math.min(one.mostMs, other.mostMs),
  };
  return both.leastMs <= both.mostMs ? both : undefined;
}

/** HTTP dates are whole seconds, rounded down (RFC 9110, 5.6.7). */
const RESOLUTION_MS = 1_000;
/** A storage service is many servers; how far their clocks are taken to be from the true time. A choice. */
const SERVERS_DIFFER_MS = 50;
/** Two crystals drift apart by less than 100 millionths of the time that passes. */
const DRIFT = 1e-4;
/**
 * After a sleep the calendar and the store's time have gone on alike, but for what both are uncertain by. A
 * choice.
 */
const SLEEP_DIFFERS_MS = 2_000;
/**
 * A jump by more than the longest window cannot be held for possible beside the other time: nothing would
 * count.
 */
const LONGEST_JUMP_MS = 3_600_000;
/** So many answers in a row are believed after all: then the first one was wrong. A choice. */
const MOST_OUT_OF_BOUNDS = 3;
