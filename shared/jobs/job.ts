import { type EnrichmentError, type ErrorKind, KINDS, type UpstreamError } from '../base/errors.js';
import type { Trace } from '../base/trace.js';
import type { Reservation } from '../delivery/forwarding.js';
import type { Lease, WorkItem } from '../queue-work/work-item.js';
import type { StateFormat } from '../queue-work/work-store.js';

/**
 * A job: an enrichment that outlives its request, as its state blob holds it. All times are the
 * store's, in milliseconds since the epoch: instances' own calendars can be minutes apart.
 */
export interface Job extends WorkItem {
  /** The options that shape the answer, as a query. */
  readonly query: string;
  /** Digests of the tokens that open it. */
  readonly tokens: readonly string[];
  readonly createdAtMs: number;
  /**
   * Of the payload as posted, and of the list of its alerts. Absent in jobs of version 0.1, which are not
   * checked.
   */
  readonly payloadDigest?: string;
  readonly alertsDigest?: string;
  /** On whose behalf all its work is done: the request that posted it. */
  readonly trace?: Trace | undefined;
  /**
   * How many slices of work have ended. Only a message of this generation, or of a later one, is worked on.
   */
  readonly generation: number;
  /** Who works on it; absent between slices. */
  readonly claim: Lease | undefined;
  /** A mark for each alert, in the payload's order. */
  readonly progress: string;
  readonly failures: readonly AlertFailure[];
  /** Slices in a row that brought nothing, though there were permits. */
  readonly fruitless: number;
  /** When it is likely to end. */
  readonly expectedAtMs: number;
  /**
   * How often its answer was begun to be made since a worker last ended a slice. More than once: that may
   * kill workers.
   */
  readonly composing?: number | undefined;
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
      /** Of the body. Absent in jobs of version 0.1, whose results are not checked. */
      readonly digest?: string;
    }
  /** Without one; the reason is a sentence for the reader. */
  | {
      readonly kind: 'failed';
      readonly atMs: number;
      readonly reason: string;
      /** What it is answered as; absent: `job-failed`. */
      readonly problem?: ErrorKind;
    };

/** Marks in `progress`. */
export const PENDING = '.';
export const ANSWERED = '+';
export const FAILED = '-';
const IS_PROGRESS = /^[.+-]*$/;

/** How a job is stored. */
export const JOB_FORMAT: StateFormat<Job> = {
  newest: 1,
  versionOf: () => 1,
  read(value) {
    const { progress, tokens, failures, query, generation, fruitless, createdAtMs, expectedAtMs, end } =
      value;
    const isJob =
      typeof progress === 'string' &&
      IS_PROGRESS.test(progress) &&
      typeof query === 'string' &&
      isListOf(tokens, (token) => typeof token === 'string') &&
      isListOf(failures, isFailure) &&
      [generation, fruitless].every(Number.isSafeInteger) &&
      [createdAtMs, expectedAtMs].every(Number.isFinite) &&
      (end === undefined || isEnd(end));
    // JSON leaves out what is undefined.
    return isJob ? ({ claim: undefined, end: undefined, ...value } as unknown as Job) : undefined;
  },
};

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isOne);
}

function isFailure(value: unknown): boolean {
  const { indices, kind, message } = (value ?? {}) as Partial<AlertFailure>;
  return (
    isListOf(indices, Number.isSafeInteger) && Object.hasOwn(KINDS, kind ?? '') && typeof message === 'string'
  );
}

function isEnd(value: unknown): boolean {
  const { kind, atMs } = (value ?? {}) as Partial<JobEnd>;
  return (kind === 'answered' || kind === 'failed') && Number.isFinite(atMs);
}

/** Indices of the alerts that are still to be looked up. */
export function pendingOf({ progress }: Pick<Job, 'progress'>): number[] {
  return placesOf(progress, PENDING);
}

/** The places with this mark. */
export function placesOf(progress: string, mark: string): number[] {
  const places: number[] = [];
  for (let at = progress.indexOf(mark); at >= 0; at = progress.indexOf(mark, at + 1)) places.push(at);
  return places;
}

/** More messages of one kind than this tell no more; ten thousand alerts have to fit into a state. */
const MOST_FAILURES = 100;

/** Failures with some more alerts among them: equal ones are listed once. */
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
  if (marks.size === 0) return progress;
  const all = [...progress];
  for (const [index, mark] of marks) all[index] = mark;
  return all.join('');
}
