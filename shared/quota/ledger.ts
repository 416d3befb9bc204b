import type { Demand } from './lanes.js';

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
  readonly hour: WindowView;
  /** ISO-8601, while the upstream's own word keeps everyone waiting. */
  readonly pausedUntil?: string;
}

/** The longest pause: Defender's longest window. A longer wait can be no statement about the quota. */
export const LONGEST_PAUSE_MS = 3_600_000;

/** What a ledger granted. */
export interface Charge {
  /** How many of the calls asked for may be made now, interactive ones first; from none to all. */
  readonly granted: number;
  /** On the monotonic clock. */
  readonly chargedAtMs: number;
  /** The same in the ledger's own time. */
  readonly loggedAtMs: number;
}

/**
 * The log of call times of one identity and tenant, wherever it is kept. Its methods that change it
 * are asynchronous and may fail, because it may be kept outside the process; those that only look
 * answer from the latest known state, without I/O. Times are the clock's monotonic milliseconds.
 */
export interface Ledger {
  /** Looks ahead of the first permit where that takes time. It does not throw: what is wrong, `take` finds. */
  prepare(): Promise<void>;
  /** Charges up to the calls wanted, which are made now, each in both windows or in neither. */
  take(demand: Demand): Promise<Charge>;
  /** Corrects one call of a charge, which may have arrived as late as `arrivedByMs`. */
  correct(charge: Charge, arrivedByMs: number): Promise<void>;
  /** Gives one call of a charge back, which was never sent. */
  release(charge: Charge): Promise<void>;
  /** No permit for anyone before `untilMs`: the upstream said so. */
  pause(untilMs: number): Promise<void>;
  /** The earliest times of the next calls, interactive ones first, as far as is known. */
  forecast(demand: Demand): readonly number[];
  /**
   * How much later than a forecast to ask again, in milliseconds; another one each time, where several
   * instances wait for the same moment and would all ask at once.
   */
  spreadMs(): number;
  /** What is left of both windows. */
  view(): QuotaView;
}
