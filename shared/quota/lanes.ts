import { type CallLog, nextCallTimes, type Window, windowsOf } from './sliding-log.js';

/**
 * Who asks for a permit. `interactive`: somebody waits for the answer, and may use the whole quota.
 * `background`: work that can wait; it leaves a reserve of both windows alone.
 */
export type Lane = 'interactive' | 'background';

/** How many permits each lane wants; the interactive ones come first. */
export type Demand = Readonly<Record<Lane, number>>;

/** Nobody wants anything. */
export const NO_DEMAND: Demand = { interactive: 0, background: 0 };

/** Both windows as each lane may fill them. */
export type LaneWindows = Readonly<Record<Lane, readonly Window[]>>;

/**
 * The windows of both lanes, guard included. Background work always has room for one call, or it would
 * be shut out for ever where a limit is very small.
 *
 * @param reservePercent the share of both windows, in percent, that background work leaves alone
 */
export function laneWindows(perMinute: number, perHour: number, reservePercent: number): LaneWindows {
  const share = (limit: number) => Math.max(1, Math.floor((limit * (100 - reservePercent)) / 100));
  return {
    interactive: windowsOf(perMinute, perHour),
    background: windowsOf(share(perMinute), share(perHour)),
  };
}

/**
 * The earliest times of the calls that are wanted, ascending: first the interactive ones, then the
 * background ones, which find less room than those and so are never before them.
 *
 * @param log ascending
 * @param earliestMs now, or the end of a pause
 */
export function nextTimes(log: CallLog, windows: LaneWindows, earliestMs: number, demand: Demand): number[] {
  const first = nextCallTimes(log, windows.interactive, earliestMs, demand.interactive);
  if (demand.background === 0) return first;
  const ahead = [...log, ...first].sort((one, other) => one - other);
  const from = Math.max(earliestMs, first.at(-1) ?? earliestMs);
  return [...first, ...nextCallTimes(ahead, windows.background, from, demand.background)];
}
