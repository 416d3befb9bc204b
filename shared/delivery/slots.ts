import type { Clock } from '../base/clock.js';
import type { Message } from '../queue-work/message.js';
import type { Admission } from '../queue-work/run-message.js';

/**
 * Attempts at one receiver that may be under way at once. An instance takes more messages while no more than twelve
 * are in work (`newBatchThreshold` in host.json), so two receivers that begin to hang at the same moment leave room for
 * the others.
 */
const MOST_AT_ONCE = 6;
/** The same for a slow receiver: six of those leave room for the others. */
const MOST_AT_ONCE_SLOW = 2;
/** An attempt that takes longer is a slow one. A choice: receivers that put the body into a queue take milliseconds. */
const SLOW_MS = 2_000;
/** For so long a receiver counts as slow after a slow attempt. A choice: some messages' worth. */
const SLOW_FOR_MS = 60_000;
/** For so long room is waited for: a fast receiver makes some in milliseconds. */
const LONGEST_WAIT_MS = 1_000;
/**
 * The longest that a delivery without room stays away. A choice: each look costs two requests to the storage and one
 * message; and a receiver that is fast again has all its deliveries back within this time.
 */
const LONGEST_DEFERRAL_MS = 900_000;
/** So much the latest attempt counts in the average of their durations. A choice. */
const LATEST_COUNTS = 0.2;

/** The share of one destination. */
interface Slots {
  /** When each attempt that is under way began. */
  readonly underWay: Set<{ readonly atMs: number }>;
  slowUntilMs: number;
  averageMs: number;
  /** Called when there may be room. */
  readonly waiting: (() => void)[];
  /** Deliveries that were sent away and told when it is their turn, as many as there were at `lineAtMs`. */
  line: number;
  lineAtMs: number;
}

/**
 * Keeps destinations apart (bulkheads), so that one that hangs slows no other: each has a few slots for attempts.
 * A delivery that finds none is deferred until it is likely to be its turn, at the end of the line of those before it;
 * the line is remembered in its message, so whoever has waited is never sent to the end again.
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
   * @param nowMs the store's time, which all instances share
   */
  async admit(destination: string, message: Message, nowMs: number): Promise<Admission> {
    const slots = this.#of(destination);
    await this.#someRoom(slots);
    if (this.#hasRoom(slots)) return { kind: 'go', leave: this.#take(slots) };
    const eachMs = this.#msPerDelivery(slots);
    const turnAtMs = message.turnAtMs ?? nowMs + this.#joinLine(slots, eachMs);
    // It is its turn, and the one before it takes longer than expected.
    const untilTurnMs = turnAtMs > nowMs ? turnAtMs - nowMs : eachMs;
    // Those that would stay away longer are spread, so that they do not come back together.
    const longestMs = LONGEST_DEFERRAL_MS * (0.5 + 0.5 * this.#random());
    return {
      kind: 'defer',
      message: { ...message, turnAtMs },
      waitMs: Math.min(untilTurnMs, longestMs),
    };
  }

  #of(destination: string): Slots {
    const nowMs = this.#clock.monotonicMs();
    const slots = this.#byDestination.get(destination) ?? {
      underWay: new Set(),
      slowUntilMs: Number.NEGATIVE_INFINITY,
      averageMs: 0,
      waiting: [],
      line: 0,
      lineAtMs: nowMs,
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
      slots.averageMs += LATEST_COUNTS * (tookMs - slots.averageMs);
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
    return Math.max(1, slots.averageMs, this.#longestUnderWayMs(slots)) / this.#most(slots);
  }

  /** Joins the end of the line; how long until it is this one's turn. The line gets shorter as slots become free. */
  #joinLine(slots: Slots, eachMs: number): number {
    const nowMs = this.#clock.monotonicMs();
    slots.line = Math.max(0, slots.line - (nowMs - slots.lineAtMs) / eachMs) + 1;
    slots.lineAtMs = nowMs;
    return slots.line * eachMs;
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
