import type { Clock } from './clock.js';

/** What comes from outside; in production the machine's own. */
export interface Environment {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Takes what operators should know of. */
  readonly report: Reporter;
}

/** Something that an operator should know of and that no request can be told. Nothing secret is in it. */
export interface OperatorAlert {
  /** What kind of thing, in a word to search for. */
  readonly event: string;
  /** A sentence: what happened, to what, and what to do. */
  readonly detail: string;
}

/** Where reports go. It does not throw. */
export type Reporter = (report: OperatorAlert) => void;
