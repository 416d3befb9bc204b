import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, sleepBy } from '../../shared/clock.js';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void;
}

/** A realistic moment: the calendar matters to expiry and HTTP dates. */
const START_MS = Date.UTC(2026, 10, 23, 18);

/**
 * Time for simulations without sockets: it passes from sleeper to sleeper, only when nothing else can
 * happen, and several machines with clocks of their own can live in it.
 */
export class VirtualClock implements Clock {
  readonly #events: Event[] = [];
  #nowMs = 0;
  #order = 0;

  epochMs(): number {
    return START_MS + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  alarm = (ms: number, ring: () => void): (() => void) => {
    let isOn = true;
    const happen = () => isOn && ring();
    this.#push({ atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, happen });
    return () => {
      isOn = false;
    };
  };

  sleep = sleepBy(this.alarm);

  /** The clock of a machine that was started at another time, is set to another calendar, and runs at another rate. */
  machine({ originMs = 0, calendarMs = 0, rate = 1 }): Clock {
    const alarm = (ms: number, ring: () => void) => this.alarm(ms / rate, ring);
    return {
      epochMs: () => this.epochMs() + calendarMs,
      monotonicMs: () => originMs + this.#nowMs * rate,
      sleep: sleepBy(alarm),
      alarm,
    };
  }

  /** Lets time pass until `work` is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (;;) {
      await turn();
      if (isDone) return work;
      const next = this.#pop();
      if (!next) throw new Error('Nothing is left that could happen: something waits for ever.');
      this.#nowMs = next.atMs;
      next.happen();
    }
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
