/**
 * The quota's arithmetic, pure. The state is a log of call times; everything follows from it.
 *
 * Why a log: a token bucket of 100 with a rate of 100 a minute admits 199 calls in its first minute,
 * and fixed windows do the same at their edges. 1,500 times are a few kB, so exactness is affordable.
 */

/** At most `limit` calls in every `windowMs`. */
export interface Window {
  readonly limit: number;
  readonly windowMs: number;
}

/**
 * How much later than it was logged a call can have arrived upstream. Defender counts arrivals, and
 * two calls can arrive closer together than they were sent; windows that are longer by this guard
 * keep every window at the receiver whole for any jitter below it.
 */
export const GUARD_MS = 2_000;

/** Both of Defender's windows, guard included. */
export function windowsOf(perMinute: number, perHour: number): readonly Window[] {
  return [
    { limit: perMinute, windowMs: 60_000 + GUARD_MS },
    { limit: perHour, windowMs: 3_600_000 + GUARD_MS },
  ];
}

/** Call times in milliseconds, ascending. */
export type CallLog = readonly number[];

/**
 * The earliest times at which the next `count` calls may be made, ascending, each of them taking its
 * place in both windows. Times equal to `earliestMs` are calls that may be made at once.
 *
 * @param earliestMs now, or the end of a pause
 */
export function nextCallTimes(
  log: CallLog,
  windows: readonly Window[],
  earliestMs: number,
  count: number,
): number[] {
  const next: number[] = [];
  for (let made = 0; made < count; made++) {
    let at = earliestMs;
    for (const { limit, windowMs } of windows) {
      const index = log.length + made - limit; // of the call that must have left the window, if any
      const before = index < log.length ? log[index] : next[index - log.length];
      if (before !== undefined) at = Math.max(at, before + windowMs);
    }
    next.push(at);
  }
  return next;
}

/** The log with calls added at `atMs`. */
export function withCalls(log: CallLog, atMs: number, count: number): CallLog {
  return insertSorted(log, Array<number>(count).fill(atMs));
}

/**
 * The log with one call moved from `fromMs` to `toMs`, later. A call that took longer than the guard
 * may have arrived as late as it ended, so it has to count from there.
 */
export function withCallMoved(log: CallLog, fromMs: number, toMs: number): CallLog {
  const index = log.indexOf(fromMs);
  if (index < 0) return insertSorted(log, [toMs]);
  return insertSorted([...log.slice(0, index), ...log.slice(index + 1)], [toMs]);
}

/** The log without up to `count` of the calls at `atMs`, which were not made after all. */
export function withoutCalls(log: CallLog, atMs: number, count: number): CallLog {
  const first = log.indexOf(atMs);
  if (first < 0) return log;
  return log.filter((at, index) => at !== atMs || index >= first + count);
}

/** The log without the calls that have left every window at `nowMs`. */
export function withoutExpired(log: CallLog, windows: readonly Window[], nowMs: number): CallLog {
  const longestMs = Math.max(...windows.map((window) => window.windowMs));
  const first = log.findIndex((at) => at + longestMs > nowMs);
  return first < 0 ? [] : log.slice(first);
}

/** How many more calls a window takes at `nowMs`. */
export function remaining(log: CallLog, { limit, windowMs }: Window, nowMs: number): number {
  const inWindow = log.reduce((count, at) => (at + windowMs > nowMs ? count + 1 : count), 0);
  return Math.max(0, limit - inWindow);
}

function insertSorted(log: CallLog, times: readonly number[]): CallLog {
  return [...log, ...times].sort((one, other) => one - other);
}
