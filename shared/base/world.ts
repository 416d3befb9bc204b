import type { Clock } from './clock.js';
import type { Reporter } from './report.js';

/** What comes from outside; in production the machine's own. */
export interface World {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Takes what operators should know of. */
  readonly report: Reporter;
}
