import {
  type CallLog,
  type Limits,
  merged,
  nextCallTimes,
  type Window,
  type Windows,
  windowsOf,
} from './sliding-log.js';

/**
 * How urgent a call is. `interactive`: somebody waits for the answer, and may use the whole quota.
 * `background`: work that can wait; it leaves a reserve of every window alone.
 */
export type Priority = 'interactive' | 'background';

/** How many permits are wanted of each priority; the interactive ones come first. */
export type Demand = Readonly<Record<Priority, number>>;

/** Nobody wants anything. */
export const NO_DEMAND: Demand = { interactive: 0, background: 0 };

/** An API's windows as calls of each priority may fill them. */
export type PriorityWindows = Readonly<Record<Priority, Windows>>;

/**
 * The windows of both priorities, guard included. Background work always has room for one call, or it would
 * be shut out for ever where a limit is very small.
 *
 * @param reservePercent the share of every window, in percent, that background work leaves alone
 */
export function priorityWindows(limits: Limits, reservePercent: number): PriorityWindows {
  const interactive = windowsOf(limits);
  const share = ({ limit, windowMs }: Window) => ({
    limit: Math.max(1, Math.floor((limit * (100 - reservePercent)) / 100)),
    windowMs,
  });
  const [minute, ...longer] = interactive;
  return { interactive, background: [share(minute), ...longer.map(share)] };
}

/**
 * The earliest times of the calls that are wanted, ascending: first the interactive ones, then the
 * background ones, which find less room than those and so are never before them.
 *
 * @param log ascending
 * @param earliestMs now, or the end of a pause
 */
export function nextTimes(
  log: CallLog,
  windows: PriorityWindows,
  earliestMs: number,
  demand: Demand,
): number[] {
  const first = nextCallTimes(log, windows.interactive, earliestMs, demand.interactive);
  if (demand.background === 0) return first;
  const from = Math.max(earliestMs, first.at(-1) ?? earliestMs);
  return [...first, ...nextCallTimes(merged(log, first), windows.background, from, demand.background)];
}
