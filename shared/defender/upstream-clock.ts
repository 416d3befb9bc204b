import { parseHttpDate } from '../base/web.js';

/** What the upstream's `Date` headers tell of the difference between its clock and this machine's. */
export class UpstreamClock {
  #aheadMs: number | undefined;

  /** Milliseconds by which the upstream's clock is ahead, by its last answer; undefined before the first. */
  get aheadMs(): number | undefined {
    return this.#aheadMs;
  }

  /** @param nowMs this machine's calendar time as the answer came */
  observe(date: string | null, nowMs: number): void {
    const sentMs = date === null ? undefined : parseHttpDate(date);
    // Dates are cut to whole seconds: half of one is the best guess of what was cut off.
    if (sentMs !== undefined) this.#aheadMs = sentMs + 500 - nowMs;
  }
}
