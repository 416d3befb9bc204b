import type { Clock } from '../base/clock.js';
import type { Message } from '../queue-work/message.js';
import { type Admission, LEAST_WAIT_MS } from '../queue-work/run-message.js';

/**
 * Attempts at one receiver that may be under way at once. An instance takes more messages while no more than
 * twelve are in work (`newBatchThreshold` in host.json), so two receivers that begin to hang at the same
 * moment leave room for the others.
 */
const MOST_AT_ONCE = 6;
/** The same for a slow receiver: six of those leave room for the others. */
const MOST_AT_ONCE_SLOW = 2;
/**
 * An attempt that takes longer is a slow one. A choice: receivers that put the body into a queue take
 * milliseconds.
 */
const SLOW_MS = 2_000;
/** For so long a receiver counts as slow after a slow attempt. A choice: some messages' worth. */
const SLOW_FOR_MS = 60_000;
/** For so long room is waited for: a fast receiver makes some in milliseconds. */
const LONGEST_WAIT_MS = 1_000;
/**
 * The longest that a delivery without room stays away. A choice: each look costs two requests to the storage
 * and one message; and a receiver that is fast again has all its deliveries back within this time.
 */
const LONGEST_DEFERRAL_MS = 900_000;
/**
 * A free slot of a slow receiver is left to those who have waited longer, if they are back within this. A
 * choice: messages become visible at whole seconds, and the host looks for them every two.
 */
const SOON_MS = 2_000;
/** Whoever is later than this has come back to another instance. */
const LATE_MS = 60_000;
/** Deliveries whose place in the line is known, of one destination; a hundred bytes each. */
const LONGEST_LINE = 20_000;
/**
 * So much the latest attempt counts in the average of their durations. A choice: one that hangs, of a hundred, must
 * not send a thousand others away for a quarter of an hour.
 */
const LATEST_COUNTS = 0.05;

/** A delivery that was deferred. */
interface Deferred {
  /** By the store's time. */
  readonly sinceMs: number;
  /** On the monotonic clock. */
  readonly backAtMs: number;
}

/** The share of one destination. */
interface Slots {
  /** When each attempt that is under way began. */
  readonly underWay: Set<{ readonly atMs: number }>;
  slowUntilMs: number;
  /** How long an attempt takes on average; undefined before the first one has ended. */
  averageMs: number | undefined;
  /** Called when there may be room. */
  readonly waiting: (() => void)[];
  /** Deliveries that this instance has deferred, by their ids. */
  readonly line: Map<string, Deferred>;
  /** The latest place in the line. */
  lastSinceMs: number;
}

/**
 * Keeps destinations apart (bulkheads), so that one that hangs slows no other: each has a few slots for
 * attempts. A delivery that finds none is deferred until it is likely to be its turn, after all that have
 * waited longer: its message says since when it has, whatever instance it comes back to. So none starves.
 */
export class SendingSlots {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #byDestination = new Map<string, Slots>();

  /** @param random from 0 to below 1 */
  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Takes a slot, or finds a time for the message to come back.
   * @param storeTimeMs the store's time, which all instances share
   */
  async admit(destination: string, message: Message, storeTimeMs: number): Promise<Admission> {
    const slots = this.#of(destination);
    await this.#someRoom(slots);
    // The store's time has whole seconds only; of one second, too, each has a place of its own.
    const { waitingSinceMs = Math.max(storeTimeMs, slots.lastSinceMs + 1) } = message;
    slots.line.delete(message.id);
    const nowMs = this.#clock.monotonicMs();
    const { before, soon } = countBefore(slots.line, waitingSinceMs, nowMs);
    const isLeft = this.#isSlow(slots) ? soon : 0; // a quick receiver has room for all in a moment
    if (slots.underWay.size + isLeft < this.#most(slots)) return { kind: 'go', leave: this.#take(slots) };
    // Those that would stay away longer are spread, so that they do not come back together.
    const longestMs = LONGEST_DEFERRAL_MS * (0.5 + 0.5 * this.#random());
    // One place too early: a slot that waits for its delivery is worth more than a look.
    const waitMs = Math.min(Math.max(LEAST_WAIT_MS, (before - 1) * this.#msPerDelivery(slots)), longestMs);
    slots.lastSinceMs = Math.max(slots.lastSinceMs, waitingSinceMs);
    if (slots.line.size < LONGEST_LINE) {
      slots.line.set(message.id, { sinceMs: waitingSinceMs, backAtMs: nowMs + waitMs });
    }
    return { kind: 'defer', message: { ...message, waitingSinceMs }, waitMs };
  }

  #of(destination: string): Slots {
    const slots = this.#byDestination.get(destination) ?? {
      underWay: new Set(),
      slowUntilMs: Number.NEGATIVE_INFINITY,
      averageMs: undefined,
      waiting: [],
      line: new Map(),
      lastSinceMs: 0,
    };
    this.#byDestination.set(destination, slots);
    return slots;
  }

  #take(slots: Slots): () => void {
    const clock = this.#clock;
    const attempt = { atMs: clock.monotonicMs() };
    slots.underWay.add(attempt);
    return () => {
      slots.underWay.delete(attempt);
      const nowMs = clock.monotonicMs();
      const tookMs = nowMs - attempt.atMs;
      slots.averageMs = averageWith(slots.averageMs, tookMs);
      if (tookMs > SLOW_MS) slots.slowUntilMs = nowMs + SLOW_FOR_MS;
      slots.waiting.shift()?.();
    };
  }

  #longestUnderWayMs({ underWay }: Slots): number {
    const nowMs = this.#clock.monotonicMs();
    return Math.max(0, ...[...underWay].map(({ atMs }) => nowMs - atMs));
  }

  #isSlow(slots: Slots): boolean {
    return this.#clock.monotonicMs() < slots.slowUntilMs || this.#longestUnderWayMs(slots) > SLOW_MS;
  }

  #most(slots: Slots): number {
    return this.#isSlow(slots) ? MOST_AT_ONCE_SLOW : MOST_AT_ONCE;
  }

  #hasRoom(slots: Slots): boolean {
    return slots.underWay.size < this.#most(slots);
  }

  /** How often a slot becomes free, about, in milliseconds. */
  #msPerDelivery(slots: Slots): number {
    const { averageMs = 0 } = slots;
    const soFarMs = averageWith(slots.averageMs, this.#longestUnderWayMs(slots));
    return Math.max(1, averageMs, soFarMs) / this.#most(slots);
  }

  /** Resolves when there is room, or none is to be expected soon. */
  async #someRoom(slots: Slots): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + LONGEST_WAIT_MS;
    for (let leftMs = LONGEST_WAIT_MS; leftMs > 0 && !this.#hasRoom(slots) && !this.#isSlow(slots); ) {
      await this.#release(slots, leftMs);
      leftMs = untilMs - this.#clock.monotonicMs();
    }
  }

  /** Resolves when a slot is given back, or the time is up. */
  #release({ waiting }: Slots, longestMs: number): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        turnOff();
        resolve();
      };
      const turnOff = this.#clock.alarm(longestMs, () => {
        waiting.splice(waiting.indexOf(go), 1);
        resolve();
      });
      waiting.push(go);
    });
  }
}

/** The average duration of attempts, with one more. */
function averageWith(averageMs: number | undefined, tookMs: number): number {
  return averageMs === undefined ? tookMs : averageMs + LATEST_COUNTS * (tookMs - averageMs);
}

/** How many in a line have waited longer and are still away, and how many of these are back soon. */
function countBefore(line: Map<string, Deferred>, sinceMs: number, nowMs: number) {
  let before = 0;
  let soon = 0;
  for (const [id, deferred] of line) {
    if (deferred.backAtMs < nowMs - LATE_MS) line.delete(id);
    else if (deferred.sinceMs < sinceMs) {
      before++;
      if (deferred.backAtMs < nowMs + SOON_MS) soon++;
    }
  }
  return { before, soon };
}
