import { type Demand, type LaneWindows, nextTimes } from './lanes.js';
import { LONGEST_PAUSE_MS } from './ledger.js';
import { type CallLog, withCallMoved, withCalls, withoutCalls, withoutExpired } from './sliding-log.js';
import type { StoreMoment } from './store-clock.js';

/**
 * What a ledger holds, and how a shared one is written down. Times are the ledger's own, in milliseconds: of a
 * shared one the store's, since the epoch.
 */
export interface LedgerState {
  /** Ascending. */
  readonly log: CallLog;
  /** No permit for anyone before this. */
  readonly pausedUntilMs: number;
  /** Name of the swap that wrote it: whoever lost the answer to its swap can see whether it took place. */
  readonly swap: string;
}

/** Nothing called yet. */
export const NEW_LEDGER: LedgerState = { log: [], pausedUntilMs: 0, swap: '' };

/** A ledger of which nothing is known: as if the whole quota had just been spent. */
export function fullLedger(windows: LaneWindows, nowMs: number): LedgerState {
  const most = Math.max(...windows.interactive.map(({ limit }) => limit));
  return { log: Array<number>(most).fill(nowMs), pausedUntilMs: 0, swap: '' };
}

/** Something that has to go into the ledger, whoever writes it next. */
export type Correction =
  /** A call that was charged at `fromMs` can have arrived as late as a call of `toMs`. */
  | { readonly kind: 'moved'; readonly fromMs: number; readonly toMs: number }
  /** Calls that were charged and not made. */
  | { readonly kind: 'released'; readonly atMs: number; readonly count: number }
  | { readonly kind: 'paused'; readonly untilMs: number };

/** The state with corrections made, and without the calls that no window holds any more at `nowMs`. */
export function corrected(
  state: LedgerState,
  corrections: readonly Correction[],
  windows: LaneWindows,
  nowMs: number,
): LedgerState {
  let { log, pausedUntilMs } = state;
  for (const correction of corrections) {
    if (correction.kind === 'moved') log = withCallMoved(log, correction.fromMs, correction.toMs);
    else if (correction.kind === 'released') log = withoutCalls(log, correction.atMs, correction.count);
    else pausedUntilMs = Math.max(pausedUntilMs, correction.untilMs);
  }
  return { ...state, log: withoutExpired(log, windows.interactive, nowMs), pausedUntilMs };
}

/** The earliest times of the next calls from `nowMs` on, interactive ones first. */
export function freeTimes(
  { log, pausedUntilMs }: LedgerState,
  windows: LaneWindows,
  nowMs: number,
  demand: Demand,
): number[] {
  return nextTimes(log, windows, Math.max(nowMs, pausedUntilMs), demand);
}

/**
 * The state with as many of the calls that are wanted as both windows take. What is known of the
 * store's time is used so that an error is on the safe side: windows are judged by the earliest time
 * that it can be, and the calls are charged at the latest.
 */
export function charged(
  state: LedgerState,
  windows: LaneWindows,
  { earliestMs, latestMs }: StoreMoment,
  demand: Demand,
): { readonly state: LedgerState; readonly granted: number } {
  const times = freeTimes(state, windows, earliestMs, demand);
  const granted = times.filter((at) => at <= earliestMs).length;
  return { state: { ...state, log: withCalls(state.log, latestMs, granted) }, granted };
}

/** Raise it only with a reader of the version before: what cannot be read counts as an hour that is spent. */
const VERSION = 1;

/** Calls in a ledger at most: both limits' upper bound in the settings, twice. */
const MOST_CALLS = 200_000;

/**
 * Writes a state as JSON. The log is a line of steps in base 36, each from one call time to the next,
 * with `*n` where n calls have the same: 1,500 calls are 1 to 6 kB.
 */
export function writeState({ log, pausedUntilMs, swap }: LedgerState): string {
  const steps: string[] = [];
  for (let first = 0, before = 0; first < log.length; ) {
    const at = log[first] as number;
    let next = first + 1;
    while (log[next] === at) next++;
    const count = next - first;
    steps.push((at - before).toString(36) + (count > 1 ? `*${count}` : ''));
    before = at;
    first = next;
  }
  return JSON.stringify({ version: VERSION, swap, pausedUntilMs, calls: steps.join(' ') });
}

/**
 * Reads a state.
 * @param nowMs nothing in it can be of much later: a state that says so is corrupt, and believing
 *   it would stop the app for as long
 * @returns undefined when the text is no state that this version has written
 */
export function readState(text: string, nowMs: number): LedgerState | undefined {
  let json: Record<string, unknown> | null;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json?.version !== VERSION) return undefined;
  const { swap, pausedUntilMs, calls } = json;
  if (typeof swap !== 'string' || typeof calls !== 'string') return undefined;
  if (!Number.isSafeInteger(pausedUntilMs)) return undefined;
  const log = readCalls(calls);
  const lastMs = Math.max(log?.at(-1) ?? 0, pausedUntilMs as number);
  if (!log || lastMs > nowMs + FURTHEST_AHEAD_MS) return undefined;
  return { log, pausedUntilMs: pausedUntilMs as number, swap };
}

/** A pause, and a little, for the store's time is not known exactly. */
const FURTHEST_AHEAD_MS = LONGEST_PAUSE_MS + 100_000;

function readCalls(calls: string): CallLog | undefined {
  const log: number[] = [];
  let at = 0;
  for (const step of calls === '' ? [] : calls.split(' ')) {
    const parts = /^([0-9a-z]{1,9})(?:\*([1-9]\d{0,5}))?$/.exec(step);
    if (!parts) return undefined;
    at += Number.parseInt(parts[1] ?? '', 36);
    const count = Number(parts[2] ?? 1);
    if (log.length + count > MOST_CALLS) return undefined;
    for (let n = 0; n < count; n++) log.push(at);
  }
  return log;
}
