import { type Clock, sleepBy } from '../../shared/clock.js';
import { START_MS } from './virtual-time.js';

/** Turns of the microtask queue after which nothing moves any more unless time passes. */
const QUIET_TURNS = 100;

/** For tests without sockets: time that goes from sleeper to sleeper, as fast as they wake. */
export class SteppingClock implements Clock {
  #nowMs = 0;
  #calendarMs = START_MS;
  readonly #sleepers = new Set<{ readonly atMs: number; wake(): void }>();

  epochMs(): number {
    return this.#calendarMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  alarm = (ms: number, ring: () => void): (() => void) => {
    const wake = () => {
      this.#sleepers.delete(sleeper);
      ring();
    };
    const sleeper = { atMs: this.#nowMs + Math.max(0, ms), wake };
    this.#sleepers.add(sleeper);
    return () => this.#sleepers.delete(sleeper);
  };

  sleep = sleepBy(this.alarm);

  /** Sleepers that are still asleep. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Sets the calendar to another time, as an administrator does. */
  jumpCalendar(ms: number): void {
    this.#calendarMs += ms;
  }

  /** Lets `ms` pass, from sleeper to sleeper. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await this.settle();
      const next = this.#next();
      if (!next || next.atMs > endMs) break;
      this.#nowMs = next.atMs;
      next.wake();
    }
    this.#nowMs = endMs;
  }

  /** Lets time pass until `work` is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (;;) {
      await this.settle();
      if (isDone) return work;
      const next = this.#next();
      if (!next) throw new Error('Nothing is left that could happen: something waits for ever.');
      this.#nowMs = next.atMs;
      next.wake();
    }
  }

  /** Waits until nothing moves any more without time passing. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < QUIET_TURNS; turn++) await Promise.resolve();
  }

  #next() {
    return [...this.#sleepers].sort((a, b) => a.atMs - b.atMs)[0];
  }
}
