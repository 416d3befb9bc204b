import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, sleepBy } from '../../shared/base/clock.js';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
  isOff?: boolean;
}

/** When time begins in tests. A realistic moment: the calendar matters to tokens and HTTP dates. */
export const START_MS = Date.UTC(2026, 10, 23, 18);

/** Nothing that a test waits for takes longer: the default schedule of a delivery takes 75 to 83 hours. */
const MOST_WAITED_HOURS = 120;
/**
 * Long work lets others in by turns of the event loop, more often on a busy machine, and no virtual time
 * passes.
 */
const MOST_IDLE_TURNS = 1_000;
const TOO_LONG = `It has not come within ${MOST_WAITED_HOURS} hours of virtual time.`;

/**
 * Time for tests without sockets: it passes from sleeper to sleeper, only when nothing else can
 * happen, and several machines with clocks of their own can live in it.
 */
export class VirtualClock implements Clock {
  readonly #events: Event[] = [];
  #nowMs = 0;
  #calendarMs = START_MS;
  #order = 0;

  epochMs(): number {
    return this.#calendarMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  alarm = (ms: number, ring: () => void): (() => void) => {
    const event: Event = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, happen: ring };
    this.#push(event);
    return () => {
      event.isOff = true;
    };
  };

  sleep = sleepBy(this.alarm);

  /** Sleepers and alarms that are still to come. */
  get sleeping(): number {
    return this.#events.filter(({ isOff }) => !isOff).length;
  }

  /** Sets the calendar to another time, as an administrator does. */
  jumpCalendar(ms: number): void {
    this.#calendarMs += ms;
  }

  /**
   * The clock of a machine that was started at another time, is set to another calendar, and runs at another
   * rate.
   */
  machine({ originMs = 0, calendarMs = 0, rate = 1 }): Clock {
    const alarm = (ms: number, ring: () => void) => this.alarm(ms / rate, ring);
    return {
      epochMs: () => this.epochMs() + calendarMs,
      monotonicMs: () => originMs + this.#nowMs * rate,
      sleep: sleepBy(alarm),
      alarm,
    };
  }

  /** Lets time pass until `work` is done. Throws when it takes longer than anything may. */
  async until<T>(work: Promise<T>): Promise<T> {
    const endMs = this.#nowMs + MOST_WAITED_HOURS * 3_600_000;
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (let idle = 0; ; ) {
      await this.settle();
      if (isDone) return work;
      const nextMs = this.#nextMs();
      if (nextMs === undefined) {
        if (++idle < MOST_IDLE_TURNS) continue;
        throw new Error('Nothing is left that could happen: something waits for ever.');
      }
      if (nextMs > endMs) throw new Error(TOO_LONG);
      this.#step();
    }
  }

  /** Lets `ms` pass, with all that happens until then. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await this.settle();
      const nextMs = this.#nextMs();
      if (nextMs === undefined || nextMs > endMs) break;
      this.#step();
    }
    this.#nowMs = endMs;
  }

  /** Looks again, with `stepMs` between, until there is something. Throws as `until` does. */
  async eventually<T>(look: () => Promise<T | undefined>, stepMs: number): Promise<T> {
    const endMs = this.#nowMs + MOST_WAITED_HOURS * 3_600_000;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (this.#nowMs > endMs) throw new Error(TOO_LONG);
      await this.pass(stepMs);
    }
  }

  /**
   * Waits until nothing moves any more without time passing: a turn begins when no promise has anything to
   * do.
   */
  settle(): Promise<void> {
    return turn();
  }

  /** When the next thing happens; what was turned off is forgotten. */
  #nextMs(): number | undefined {
    while (this.#events[0]?.isOff) this.#pop();
    return this.#events[0]?.atMs;
  }

  #step(): void {
    const next = this.#pop() as Event;
    this.#nowMs = next.atMs;
    next.happen();
  }

  /** A binary heap: a simulation of many alerts has many sleepers. */
  #push(event: Event): void {
    const heap = this.#events;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above] as Event)) break;
      heap[at] = heap[above] as Event;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#events;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right && isBefore(right, heap[below] as Event)) below++;
      if (!isBefore(heap[below] as Event, last)) break;
      heap[at] = heap[below] as Event;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
