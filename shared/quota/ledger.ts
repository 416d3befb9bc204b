import type { Demand } from './priorities.js';

/** What is left of one window, for people to read. */
export interface WindowView {
  readonly limit: number;
  readonly remaining: number;
}

/** The quota as this instance saw it last. */
export interface QuotaView {
  /** ISO-8601. */
  readonly asOf: string;
  readonly minute: WindowView;
  /** Absent where the API has no limit by the hour. */
  readonly hour?: WindowView;
  /** ISO-8601, while the upstream's own word keeps everyone waiting. */
  readonly pausedUntil?: string;
}

/** The longest pause: Defender's longest window. A longer wait can be no statement about the quota. */
export const LONGEST_PAUSE_MS = 3_600_000;

/**
 * A call made later than this after it was charged leaves too little of the guard for its way: half of it, a
 * choice.
 */
export const LATEST_USE_MS = 1_000;

/**
 * The latest after its charge that a call can arrive: the source gives it up ten seconds after it was made.
 */
export const LONGEST_CALL_MS = 10_000 + LATEST_USE_MS;

/** What a ledger granted. */
export interface Charge {
  /** What was wanted when it was charged. */
  readonly demand: Demand;
  /** How many of the calls asked for may be made now, interactive ones first; from none to all. */
  readonly granted: number;
  /** On the monotonic clock. */
  readonly chargedAtMs: number;
  /** The same in the ledger's own time, as late as it can be. */
  readonly latestMs: number;
  /** Where each of the calls is in the ledger's log until it is settled. */
  readonly loggedAtMs: number;
}

/**
 * The log of call times of one API, identity and tenant, wherever it is kept. Its methods that change it
 * are asynchronous and may fail, because it may be kept outside the process; those that only look
 * answer from the latest known state, without I/O. Times are the clock's monotonic milliseconds.
 */
export interface Ledger {
  /**
   * Looks ahead of the first permit where that takes time. It does not throw: what is wrong, `take` finds.
   */
  prepare(): Promise<void>;
  /**
   * Charges up to the calls wanted, which are made now, each in every window or in none.
   * @param wanted asked when it comes to it: who joins while others write is served together with who was
   *   there
   */
  take(wanted: () => Demand): Promise<Charge>;
  /** One call of a charge has ended: it has arrived by `endedAtMs`, if it has. */
  settle(charge: Charge, endedAtMs: number): Promise<void>;
  /** Gives one call of a charge back, which was never sent. */
  release(charge: Charge): Promise<void>;
  /** No permit for anyone before `untilMs`: the upstream said so. */
  pause(untilMs: number): Promise<void>;
  /** The earliest times of the next calls, interactive ones first, as far as is known. */
  forecast(demand: Demand): readonly number[];
  /** Sets no alarm any more, because this process is about to end; all else goes on. */
  stop(): void;
  /** What is left of the windows. */
  view(): QuotaView;
}
