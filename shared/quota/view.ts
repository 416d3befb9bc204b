import type { QuotaView } from './ledger.js';
import { type CallLog, remaining, type Window } from './sliding-log.js';

/** The calendar's times of a view. */
export interface ViewTimes {
  /** When the log was seen. */
  readonly asOf: Date;
  /** The end of the last pause, which may be over; an invalid date where there was none. */
  readonly pausedUntil: Date;
}

/** A log at `nowMs`, for people to read. */
export function viewOf(
  log: CallLog,
  windows: readonly Window[],
  nowMs: number,
  { asOf, pausedUntil }: ViewTimes,
): QuotaView {
  const [minute, hour] = windows.map((window) => ({
    limit: window.limit,
    remaining: remaining(log, window, nowMs),
  }));
  if (!minute || !hour) throw new RangeError('a ledger has two windows');
  const isPaused = pausedUntil.getTime() > asOf.getTime();
  return {
    asOf: asOf.toISOString(),
    minute,
    hour,
    ...(isPaused ? { pausedUntil: pausedUntil.toISOString() } : {}),
  };
}
