import { LONGEST_CALL_MS, LONGEST_PAUSE_MS, type QuotaView } from './ledger.js';
import { type Demand, nextTimes, type PriorityWindows } from './priorities.js';
import {
  type CallLog,
  GUARD_MS,
  merged,
  missingFrom,
  remaining,
  type Window,
  type Windows,
  withCalls,
  withCallsMoved,
  withoutCalls,
  withoutExpired,
} from './sliding-log.js';
import type { StoreMoment } from './store-clock.js';

/**
 * What a ledger holds, and how a shared one is written down. Times are the ledger's own, in milliseconds: of
 * a shared one the store's, since the epoch.
 */
export interface LedgerState {
  /** Ascending. */
  readonly log: CallLog;
  /**
   * Those of the log that are under way, ascending. They are logged as late as they can arrive, so that the
   * limit holds whatever becomes of the instance that makes them; it moves them to when they did arrive.
   */
  readonly underWay: CallLog;
  /** No permit for anyone before this. */
  readonly pausedUntilMs: number;
  /**
   * Names of the last swaps, the one that wrote this state last: who lost the answer to a swap finds it here.
   */
  readonly swaps: readonly string[];
  /** When it was written; later in each state than in the one before. 0 in states of version 0.1. */
  readonly writtenMs: number;
  /** Whether there is a blob that bears witness of this ledger, should it be deleted. */
  readonly hasMarker: boolean;
  /** How long an exchange with the store takes, as all instances find: a moving average. */
  readonly exchangeMs: number;
}

/** Nothing called yet. */
export const NEW_LEDGER: LedgerState = {
  log: [],
  underWay: [],
  pausedUntilMs: 0,
  swaps: [],
  writtenMs: 0,
  hasMarker: false,
  exchangeMs: 0,
};

/** A ledger of which nothing is known: as if these windows had just been filled. */
export function fullLedger(windows: readonly Window[], nowMs: number): LedgerState {
  const most = Math.max(...windows.map(({ limit }) => limit));
  return { ...NEW_LEDGER, log: Array<number>(most).fill(nowMs) };
}

/** How much later than it was charged a call under way is logged. */
const PROVISION_MS = LONGEST_CALL_MS - GUARD_MS;

/**
 * How long after that it is held for likely that the call has arrived at once, and its instance has not said
 * so yet. Until it can be about to leave the shortest window: from then on it counts as it is logged.
 */
export const UNDER_WAY_MS = 60_000 - PROVISION_MS;

/** Something that has to go into the ledger, whoever writes it next. */
export type Correction =
  /** Calls that were logged at `fromMs` have ended, and count at `toMs`. */
  | { readonly kind: 'moved'; readonly fromMs: number; readonly toMs: number; readonly count: number }
  /** Calls that were charged and not made. */
  | { readonly kind: 'released'; readonly atMs: number; readonly count: number }
  | { readonly kind: 'paused'; readonly untilMs: number };

/** A log of calls with corrections made. */
export function correctedLog(log: CallLog, corrections: readonly Correction[]): CallLog {
  for (const correction of corrections) {
    if (correction.kind === 'moved') {
      log = withCallsMoved(log, correction.fromMs, correction.toMs, correction.count);
    } else if (correction.kind === 'released') log = withoutCalls(log, correction.atMs, correction.count);
  }
  return log;
}

/** The state with corrections made, and without the calls that no window holds any more at `nowMs`. */
export function corrected(
  state: LedgerState,
  corrections: readonly Correction[],
  windows: PriorityWindows,
  nowMs: number,
): LedgerState {
  let { underWay, pausedUntilMs } = state;
  for (const correction of corrections) {
    if (correction.kind === 'moved') underWay = withoutCalls(underWay, correction.fromMs, correction.count);
    else if (correction.kind === 'released')
      underWay = withoutCalls(underWay, correction.atMs, correction.count);
    else pausedUntilMs = Math.max(pausedUntilMs, correction.untilMs);
  }
  const log = withoutExpired(correctedLog(state.log, corrections), windows.interactive, nowMs);
  return { ...state, log, underWay: underWay.filter((at) => at > nowMs - UNDER_WAY_MS), pausedUntilMs };
}

/** The earliest times of the next calls from `nowMs` on, interactive ones first. */
export function freeTimes(
  { log, pausedUntilMs }: LedgerState,
  windows: PriorityWindows,
  nowMs: number,
  demand: Demand,
): number[] {
  return nextTimes(log, windows, Math.max(nowMs, pausedUntilMs), demand);
}

/** The same as is likely: what is under way arrives at once. */
export function likelyTimes(
  state: LedgerState,
  windows: PriorityWindows,
  nowMs: number,
  demand: Demand,
): number[] {
  const { log, underWay } = state;
  const soon = underWay.map((at) => at - PROVISION_MS);
  const likely = underWay.length === 0 ? log : merged(missingFrom(underWay, log), soon);
  return freeTimes({ ...state, log: likely }, windows, nowMs, demand);
}

/**
 * Whether a process that ends while it calls leaves the ledger behind, so that others must be safe from its
 * calls.
 */
export type Keeping = 'outlives-process' | 'ends-with-process';

/**
 * The state with as many of the calls that are wanted as all windows take. What is known of the
 * store's time is used so that an error is on the safe side: windows are judged by the earliest time
 * that it can be, and the calls are charged at the latest.
 */
export function charged(
  state: LedgerState,
  windows: PriorityWindows,
  { earliestMs, latestMs }: StoreMoment,
  demand: Demand,
  keeping: Keeping,
): { readonly state: LedgerState; readonly granted: number; readonly loggedAtMs: number } {
  const times = freeTimes(state, windows, earliestMs, demand);
  const granted = times.filter((at) => at <= earliestMs).length;
  const isShared = keeping === 'outlives-process';
  const loggedAtMs = isShared ? latestMs + PROVISION_MS : latestMs;
  const underWay = isShared ? withCalls(state.underWay, loggedAtMs, granted) : state.underWay;
  return {
    state: { ...state, log: withCalls(state.log, loggedAtMs, granted), underWay },
    granted,
    loggedAtMs,
  };
}

/**
 * What is believed of a state that was read, given what this instance knows: the store may hold an older one,
 * because somebody put it back or a copy took over. Calls that are known and can be in every window still are
 * added.
 * @param own the calls of this instance as it has seen them written
 * @param latestMs the latest that it can be
 */
export function believed(
  read: LedgerState,
  {
    before,
    own,
    windows,
    latestMs,
  }: {
    readonly before: LedgerState;
    readonly own: CallLog;
    readonly windows: PriorityWindows;
    readonly latestMs: number;
  },
): { readonly state: LedgerState; readonly isOlder: boolean } {
  const wasBefore = read.writtenMs > 0 && read.writtenMs <= before.writtenMs;
  const known = withoutExpired(wasBefore ? before.log : own, windows.interactive, latestMs);
  const missing = missingFrom(read.log, known);
  if (!wasBefore && missing.length === 0) return { state: read, isOlder: false };
  const state = {
    ...read,
    log: merged(read.log, missing),
    pausedUntilMs: wasBefore ? Math.max(read.pausedUntilMs, before.pausedUntilMs) : read.pausedUntilMs,
    writtenMs: Math.max(read.writtenMs, before.writtenMs),
  };
  return { state, isOlder: true };
}

/**
 * Raise it only with a reader of the version before. An instance of a lower one leaves such a ledger alone.
 */
const VERSION = 1;

/** Calls in a ledger at most: the upper bound of a limit in the settings, twice. */
const MOST_CALLS = 200_000;

/**
 * Swaps that are remembered: more than sixteen instances make while one of them waits for an answer. A
 * choice.
 */
const SWAPS_KEPT = 32;

/** The state as it is written by an instance's swap. */
export function swapped(state: LedgerState, by: string, nowMs: number): LedgerState {
  const writtenMs = Math.max(state.writtenMs + 1, nowMs);
  const others = state.swaps.filter((swap) => writerOf(swap).by !== by);
  const swap = `${by}-${writtenMs.toString(36)}`;
  return { ...state, swaps: [...others, swap].slice(-SWAPS_KEPT), writtenMs };
}

/** The instance that made a swap, and when. */
function writerOf(swap: string): { by: string; atMs: number } {
  const [by = '', at = ''] = swap.split('-');
  return { by, atMs: Number.parseInt(at, 36) };
}

/**
 * Of the other instances that have written of late: how many, and how many come before in an order that all
 * agree on.
 */
export function placeOf(by: string, { swaps, writtenMs }: LedgerState): { place: number; others: number } {
  const lately = swaps.map(writerOf).filter((other) => other.by !== by && other.atMs > writtenMs - LATELY_MS);
  return { place: lately.filter((other) => other.by < by).length, others: lately.length };
}

/** An instance that has written nothing for so long has probably ended. A choice. */
const LATELY_MS = 600_000;

/**
 * Writes a state as JSON. The log is a line of steps in base 36, each from one call time to the next,
 * with `*n` where n calls have the same: 1,500 calls are 1 to 6 kB. Version 0.1 reads the first four members.
 */
export function writeState({
  log,
  underWay,
  pausedUntilMs,
  swaps,
  writtenMs,
  hasMarker,
  exchangeMs,
}: LedgerState): string {
  return JSON.stringify({
    version: VERSION,
    swap: swaps.at(-1) ?? '',
    pausedUntilMs,
    calls: writeCalls(log),
    underWay: writeCalls(underWay),
    swaps: swaps.slice(0, -1).join(' '),
    writtenMs,
    hasMarker,
    exchangeMs: Math.round(exchangeMs * 10) / 10,
  });
}

/**
 * Reads a state, also one of version 0.1 of the app, which has fewer members.
 * @param nowMs nothing in it can be of much later: a state that says so is corrupt, and believing
 *   it would stop the app for as long
 * @returns undefined when the text is no state that any version has written
 */
export function readState(text: string, nowMs: number): LedgerState | 'later-version' | undefined {
  let json: Record<string, unknown> | null;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const {
    version,
    swap,
    pausedUntilMs,
    calls,
    underWay = '',
    swaps = '',
    writtenMs = 0,
    hasMarker,
    exchangeMs,
  } = json;
  if (Number.isSafeInteger(version) && (version as number) > VERSION) return 'later-version';
  if (version !== VERSION || typeof swap !== 'string' || typeof swaps !== 'string') return undefined;
  if (!Number.isSafeInteger(pausedUntilMs) || !Number.isSafeInteger(writtenMs)) return undefined;
  const log = readCalls(calls);
  const logUnderWay = readCalls(underWay);
  if (!log || !logUnderWay) return undefined;
  const lastMs = Math.max(log.at(-1) ?? 0, pausedUntilMs as number, writtenMs as number);
  if (lastMs > nowMs + FURTHEST_AHEAD_MS) return undefined;
  return {
    log,
    underWay: logUnderWay,
    pausedUntilMs: pausedUntilMs as number,
    swaps: [...swaps.split(' '), swap].filter((name) => name !== '').slice(-SWAPS_KEPT),
    writtenMs: writtenMs as number,
    hasMarker: hasMarker === true,
    exchangeMs: typeof exchangeMs === 'number' ? exchangeMs : 0,
  };
}

/** A pause, and a little, for the store's time is not known exactly. */
const FURTHEST_AHEAD_MS = LONGEST_PAUSE_MS + 100_000;

function writeCalls(log: CallLog): string {
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
  return steps.join(' ');
}

function readCalls(calls: unknown): CallLog | undefined {
  if (typeof calls !== 'string') return undefined;
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

/** A ledger for people to read. */
export function viewOf(
  { log, pausedUntilMs }: Pick<LedgerState, 'log' | 'pausedUntilMs'>,
  windows: Windows,
  when: {
    /** In the ledger's own time. */
    readonly nowMs: number;
    /** The same moment in the calendar. */
    readonly epochMs: number;
    /** How long ago the ledger was like this. */
    readonly seenAgoMs: number;
  },
): QuotaView {
  const { nowMs, epochMs, seenAgoMs } = when;
  const [minute, hour] = windows;
  const left = (window: Window) => ({ limit: window.limit, remaining: remaining(log, window, nowMs) });
  return {
    asOf: iso(epochMs - seenAgoMs),
    minute: left(minute),
    ...(hour ? { hour: left(hour) } : {}),
    ...(pausedUntilMs > nowMs ? { pausedUntil: iso(epochMs + pausedUntilMs - nowMs) } : {}),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
