/** A limit on calls: at most `calls` in any `windowMs`. */
export interface WindowLimit {
  calls: number;
  windowMs: number;
}

/**
 * The calls of one caller, by time of arrival, measured against sliding windows. A window is half
 * open: two calls exactly one window apart are not in the same one.
 */
export class CallLog {
  readonly #limits: readonly WindowLimit[];
  readonly #longestMs: number;
  #arrivals: number[] = [];

  constructor(limits: readonly WindowLimit[]) {
    this.#limits = limits;
    this.#longestMs = Math.max(...limits.map(({ windowMs }) => windowMs));
  }

  /**
   * Logs a call and says how long its caller must wait: 0 if it is within every limit, else the
   * milliseconds until a call would be let through, were none made meanwhile. Refused calls count as
   * well: "calling early keeps the caller's measured rate high, so it prolongs the block".
   *
   * @param atMs never before the call last logged
   */
  arrive(atMs: number): number {
    this.#arrivals = this.#arrivals.filter((earlier) => earlier > atMs - this.#longestMs);
    this.#arrivals.push(atMs);
    const fits = this.#limits.every((limit) => this.#within(limit, atMs).length <= limit.calls);
    return fits ? 0 : Math.max(...this.#limits.map((limit) => this.#waitMs(limit, atMs)));
  }

  #within({ windowMs }: WindowLimit, nowMs: number): number[] {
    return this.#arrivals.filter((arrival) => arrival > nowMs - windowMs);
  }

  /** Until a further call fits one limit: of those logged, `calls - 1` may be left in its window. */
  #waitMs(limit: WindowLimit, nowMs: number): number {
    const inWindow = this.#within(limit, nowMs);
    const mustLeave = inWindow[inWindow.length - limit.calls];
    return mustLeave === undefined ? 0 : mustLeave + limit.windowMs - nowMs;
  }
}

/** The largest number of arrivals in any half-open window: what tests hold against a limit. */
export function mostInAnyWindow(arrivalTimes: readonly number[], windowMs: number): number {
  const sorted = arrivalTimes.toSorted((one, other) => one - other);
  let most = 0;
  let first = 0;
  for (const [last, arrival] of sorted.entries()) {
    while ((sorted[first] ?? arrival) <= arrival - windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
