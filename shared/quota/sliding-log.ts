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

/** How many calls an API takes. Defender counts both; Graph's limit has no hour. */
export interface Limits {
  readonly perMinute: number;
  readonly perHour?: number;
}

/**
 * How much later than it was logged a call can have arrived upstream. Defender counts arrivals, and two calls
 * can arrive closer together than they were sent; windows that are longer by this guard keep every window at
 * the receiver whole for any jitter below it. A choice: a call takes well under a second.
 */
export const GUARD_MS = 2_000;

/** An API's windows, the shortest first. */
export type Windows = readonly [Window, ...Window[]];

/** An API's windows, guard included. */
export function windowsOf({ perMinute, perHour }: Limits): Windows {
  const minute = { limit: perMinute, windowMs: 60_000 + GUARD_MS };
  return perHour === undefined ? [minute] : [minute, { limit: perHour, windowMs: 3_600_000 + GUARD_MS }];
}

/** How long a call counts. */
export function longestOf(windows: readonly Window[]): number {
  return Math.max(...windows.map(({ windowMs }) => windowMs));
}

/** Call times in milliseconds, ascending. */
export type CallLog = readonly number[];

/**
 * The earliest times at which the next `count` calls may be made, ascending, each of them taking its
 * place in every window. Times equal to `earliestMs` are calls that may be made at once.
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

/** The log with calls added at `atMs`; mostly that is its end. */
export function withCalls(log: CallLog, atMs: number, count: number): CallLog {
  if (count === 0) return log;
  const added = Array<number>(count).fill(atMs);
  const index = firstFrom(log, atMs);
  return index === log.length ? log.concat(added) : [...log.slice(0, index), ...added, ...log.slice(index)];
}

/**
 * The log with calls moved to another time. Calls that it does not hold were made all the same, and are
 * added.
 */
export function withCallsMoved(log: CallLog, fromMs: number, toMs: number, count: number): CallLog {
  return withCalls(withoutCalls(log, fromMs, count), toMs, count);
}

/** The log without up to `count` of the calls at `atMs`. */
export function withoutCalls(log: CallLog, atMs: number, count: number): CallLog {
  const first = firstFrom(log, atMs);
  const found = Math.min(count, firstAfter(log, atMs) - first);
  return found === 0 ? log : [...log.slice(0, first), ...log.slice(first + found)];
}

/** The log without the calls that have left every window at `nowMs`. */
export function withoutExpired(log: CallLog, windows: readonly Window[], nowMs: number): CallLog {
  const first = firstAfter(log, nowMs - longestOf(windows));
  return first === 0 ? log : log.slice(first);
}

/** The calls of `known` that `log` lacks; of several at one time, as many as it lacks. */
export function missingFrom(log: CallLog, known: CallLog): CallLog {
  const missing: number[] = [];
  let index = known.length > 0 ? firstFrom(log, known[0] as number) : 0;
  for (const at of known) {
    while (index < log.length && (log[index] as number) < at) index++;
    if (log[index] === at) index++;
    else missing.push(at);
  }
  return missing;
}

/** Both logs in one. */
export function merged(log: CallLog, other: CallLog): CallLog {
  return other.length === 0 ? log : [...log, ...other].sort((one, two) => one - two);
}

/** How many more calls a window takes at `nowMs`. */
export function remaining(log: CallLog, { limit, windowMs }: Window, nowMs: number): number {
  return Math.max(0, limit - (log.length - firstAfter(log, nowMs - windowMs)));
}

/** The index of the first call at `atMs` or later. */
function firstFrom(log: CallLog, atMs: number): number {
  return firstWhere(log, (at) => at >= atMs);
}

/** The index of the first call later than `atMs`. */
function firstAfter(log: CallLog, atMs: number): number {
  return firstWhere(log, (at) => at > atMs);
}

/** By halves: `is` holds from some call on. */
function firstWhere(log: CallLog, is: (at: number) => boolean): number {
  let low = 0;
  let high = log.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(log[middle] as number)) high = middle;
    else low = middle + 1;
  }
  return low;
}
