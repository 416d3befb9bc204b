import type { QuotaView } from './ledger.js';
import type { LedgerState } from './ledger-state.js';
import { remaining, type Window } from './sliding-log.js';

/** When somebody looks. */
export interface Look {
  /** In the ledger's own time. */
  readonly nowMs: number;
  /** The same moment in the calendar. */
  readonly epochMs: number;
  /** How long ago the ledger was like this. */
  readonly seenAgoMs: number;
}

/** A ledger for people to read. */
export function viewOf(
  { log, pausedUntilMs }: Pick<LedgerState, 'log' | 'pausedUntilMs'>,
  windows: readonly Window[],
  { nowMs, epochMs, seenAgoMs }: Look,
): QuotaView {
  const [minute, hour] = windows.map((window) => ({
    limit: window.limit,
    remaining: remaining(log, window, nowMs),
  }));
  if (!minute || !hour) throw new RangeError('a ledger has two windows');
  return {
    asOf: iso(epochMs - seenAgoMs),
    minute,
    hour,
    ...(pausedUntilMs > nowMs ? { pausedUntil: iso(epochMs + pausedUntilMs - nowMs) } : {}),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
