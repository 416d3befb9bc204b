import type { EnrichmentError, ErrorKind, UpstreamError } from '../base/errors.js';
import type { Trace } from '../base/trace.js';
import type { Reservation } from '../delivery/forwarding.js';
import type { Claim } from '../queue-work/claim.js';

/**
 * A job: an enrichment that outlives its request, as its state blob holds it. All times are the
 * store's, in milliseconds since the epoch: instances' own calendars can be minutes apart.
 */
export interface Job {
  readonly id: string;
  /** The options that shape the answer, as a query. */
  readonly query: string;
  /** Digests of the tokens that open it. */
  readonly tokens: readonly string[];
  readonly createdAtMs: number;
  /** On whose behalf all its work is done: the request that posted it. */
  readonly trace?: Trace | undefined;
  /** How many turns of work have ended. Only a message of this generation, or of a later one, is worked on. */
  readonly generation: number;
  /** Who works on it; absent between turns. */
  readonly claim: Claim | undefined;
  /** A mark for each alert, in the payload's order. */
  readonly progress: string;
  readonly failures: readonly AlertFailure[];
  /** Turns in a row that brought nothing, though there were permits. */
  readonly fruitless: number;
  /** When it is likely to end. */
  readonly expectedAtMs: number;
  readonly end: JobEnd | undefined;
  /** What is to be done with the result: the 202 has promised it. */
  readonly forward?: Reservation;
}

/** How some alerts' lookups failed for good, as far as the job goes. */
export interface AlertFailure {
  /** Places of the alerts. */
  readonly indices: readonly number[];
  readonly kind: ErrorKind;
  readonly message: string;
  /** That it was given up waiting: posting the alerts again later can help. */
  readonly passes?: true;
  /** What Defender said to the first of them. */
  readonly upstream?: UpstreamError;
}

/** How a job ended, and when. */
export type JobEnd =
  /** With the answer whose body is in the result blob. */
  | {
      readonly kind: 'answered';
      readonly atMs: number;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
    }
  /** Without one; the reason is a sentence for the reader. */
  | { readonly kind: 'failed'; readonly atMs: number; readonly reason: string };

/** Marks in `progress`. */
export const PENDING = '.';
export const ANSWERED = '+';
export const FAILED = '-';

/** To be raised when a version that knows only the last one would do harm to a state; that version then leaves it alone. */
const VERSION = 1;

/** How a job is written as JSON. */
export const JOB_TEXT = {
  write: (job: Job): string => JSON.stringify({ version: VERSION, ...job }),
  /** @returns undefined when the text is no job that this version has written */
  read(text: string): Job | undefined {
    try {
      const { version, ...job } = JSON.parse(text);
      const isJob = version === VERSION && typeof job.id === 'string' && typeof job.progress === 'string';
      // JSON leaves out what is undefined.
      return isJob ? { claim: undefined, end: undefined, ...job } : undefined;
    } catch {
      return undefined;
    }
  },
};

/** Indices of the alerts that are still to be looked up. */
export function pendingOf({ progress }: Pick<Job, 'progress'>): number[] {
  const pending: number[] = [];
  for (let at = progress.indexOf(PENDING); at >= 0; at = progress.indexOf(PENDING, at + 1)) pending.push(at);
  return pending;
}

/** More messages of one kind than this tell no more; ten thousand alerts have to fit into a state. */
const MOST_FAILURES = 100;

/** Failures with some more alerts among them: equal ones stand there once. */
export function withFailure(
  failures: readonly AlertFailure[],
  indices: readonly number[],
  {
    kind,
    message,
    upstream,
    retryAtMs,
  }: Pick<EnrichmentError, 'kind' | 'message' | 'upstream' | 'retryAtMs'>,
): readonly AlertFailure[] {
  const isFull = failures.length >= MOST_FAILURES;
  const same = failures.find((one) => one.kind === kind && (isFull || one.message === message));
  if (!same) {
    const passes = retryAtMs === undefined ? {} : ({ passes: true } as const);
    return [...failures, { indices, kind, message, ...passes, ...(upstream ? { upstream } : {}) }];
  }
  return failures.map((one) => (one === same ? { ...one, indices: [...one.indices, ...indices] } : one));
}

/** A progress with other marks at some places. */
export function withMarks(progress: string, marks: ReadonlyMap<number, string>): string {
  const all = [...progress];
  for (const [index, mark] of marks) all[index] = mark;
  return all.join('');
}
