/** How jobs share what the quota leaves them, and when their next turns are due; pure. */

/** Between two turns of one job while there are others: each has its share before any has a second one. */
const ROUND_MS = 1_000;
/** An upstream that is away is asked again after 5 s, 10 s, …, at most 10 minutes. */
const FIRST_BACKOFF_MS = 5_000;
const LONGEST_BACKOFF_MS = 600_000;
/** Turns in a row that bring nothing, in which an upstream may come back: half an hour. */
const MOST_FRUITLESS = 10;

/**
 * How many calls one turn of a job may make while so many jobs run: a minute's permits, divided. A job
 * that is alone takes all; a small one beside large ones has its calls in the first minute.
 */
export function shareOf(perMinute: number, runningJobs: number): number {
  return Math.max(1, Math.floor(perMinute / Math.max(1, runningJobs)));
}

/** How a turn went. */
export interface TurnOutcome {
  /** What the quota named to whoever it had no permit for, on the monotonic clock. */
  readonly quotaAtMs: number | undefined;
  /** What other failures that pass named, the soonest. */
  readonly failureAtMs: number | undefined;
  /** Whether it brought any alert further. */
  readonly isFruitful: boolean;
  /** Turns in a row before it that did not. */
  readonly fruitless: number;
}

/** When a job's next turn is due, or that it is not worth another one. */
export type Next =
  | { readonly kind: 'turn'; readonly atMs: number; readonly fruitless: number }
  | { readonly kind: 'give-up' };

/**
 * What follows a turn that left alerts. Waiting for the quota is no failure, however long; a turn in
 * which the upstream failed is one, unless it brought something too.
 */
export function nextTurn(turn: TurnOutcome, nowMs: number): Next {
  const { quotaAtMs, failureAtMs, isFruitful } = turn;
  if (quotaAtMs !== undefined) return { kind: 'turn', atMs: quotaAtMs, fruitless: turn.fruitless };
  if (isFruitful) return { kind: 'turn', atMs: Math.max(nowMs + ROUND_MS, failureAtMs ?? 0), fruitless: 0 };
  const fruitless = turn.fruitless + 1;
  if (fruitless >= MOST_FRUITLESS) return { kind: 'give-up' };
  const backoffMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (fruitless - 1));
  return { kind: 'turn', atMs: Math.max(nowMs + backoffMs, failureAtMs ?? 0), fruitless };
}
