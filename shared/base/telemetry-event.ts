import type { OperatorAlert } from './environment.js';

/**
 * What happened, told by the room where it happened, in that room's own words: names, numbers and
 * outcomes. Of a payload nothing is in it but alert ids; no token, no key, and of a destination its name
 * and origin only.
 */
export type TelemetryEvent =
  /** A call to a source has ended. */
  | (Timed & {
      readonly kind: 'upstream-call';
      /** The source's name. */
      readonly source: string;
      /** Scheme and host. */
      readonly origin: string;
      /** With `{id}` or `{ip}` for what was asked about. */
      readonly route: string;
      readonly alertId: string | undefined;
      readonly outcome: string;
      /** Absent when there was no answer. */
      readonly status: number | undefined;
    })
  /** Somebody's wait for a permit has ended. */
  | {
      readonly kind: 'permit';
      /** Absent where the quota is not told which source it is of. */
      readonly source?: string;
      readonly lane: string;
      readonly outcome: 'granted' | 'refused' | 'left';
      readonly waitMs: number;
    }
  /** Where an answer came from; `none`: it had to be asked for. */
  | {
      readonly kind: 'lookup';
      readonly source?: string;
      readonly of: 'alert' | 'address';
      readonly level: CacheLevel;
    }
  /** A token was asked for. `outcome` is `refreshed`, `same-token` (the one we had), or the kind of error. */
  | {
      readonly kind: 'token-refresh';
      readonly scope: string;
      readonly outcome: string;
      readonly durationMs: number;
    }
  /** A queue message of a job was worked on. */
  | (Timed & {
      readonly kind: 'job-turn';
      readonly jobId: string;
      readonly generation: number;
      readonly outcome: string;
      /** From the post to the end of this turn. */
      readonly ageMs: number;
    })
  /** Sending to a destination was tried once. */
  | (Timed & {
      readonly kind: 'delivery-attempt';
      readonly deliveryId: string;
      readonly destination: string;
      /** Scheme and host. */
      readonly origin: string;
      readonly outcome: string;
      readonly status: number | undefined;
    })
  /** A delivery was given up; what it held is kept. */
  | { readonly kind: 'dead-letter'; readonly destination: string }
  /** Something was reported to the operators. */
  | { readonly kind: 'reported'; readonly report: OperatorAlert };

/** How long something took. */
interface Timed {
  /** On the calendar, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
}

/** Where a lookup found its answer. */
export type CacheLevel = 'memory' | 'shared' | 'none';

/** Takes what happened. It does not throw, and nobody waits for it. */
export type Emit = (event: TelemetryEvent) => void;

/** For parts that nobody listens to. */
export const emitNothing: Emit = () => {};
