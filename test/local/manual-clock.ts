import { type Clock, sleepBy } from '../../shared/clock.js';

/** A clock that stands still until a test moves it. Sleepers wake when their time is passed. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #sleepers = new Set<{ untilMs: number; wake: () => void }>();

  epochMs(): number {
    return Date.UTC(2026, 10, 23, 18) + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  alarm = (ms: number, wake: () => void): (() => void) => {
    const sleeper = { untilMs: this.#nowMs + ms, wake };
    this.#sleepers.add(sleeper);
    return () => this.#sleepers.delete(sleeper);
  };

  sleep = sleepBy(this.alarm);

  get sleeping(): number {
    return this.#sleepers.size;
  }

  move(ms: number): void {
    this.#nowMs += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.untilMs > this.#nowMs) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
