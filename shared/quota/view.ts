import type { QuotaView } from './ledger.js';
import { type CallLog, remaining, type Window } from './sliding-log.js';

/** A log at `nowMs`, for people to read. */
export function viewOf(log: CallLog, windows: readonly Window[], nowMs: number, asOf: Date): QuotaView {
  const [minute, hour] = windows.map((window) => ({
    limit: window.limit,
    remaining: remaining(log, window, nowMs),
  }));
  if (!minute || !hour) throw new RangeError('a ledger has two windows');
  return { asOf: asOf.toISOString(), minute, hour };
}
