import type { Clock } from '../base/clock.js';
import { type Deadline, withDeadline } from '../base/deadline.js';
import type { Reporter } from '../base/environment.js';
import { DeadlineError, EnrichmentError, loggedFault } from '../base/errors.js';
import type { Aged } from '../lookup/answer-cache.js';
import type { StopSignal } from './in-flight.js';
import type { SliceOutcome } from './transitions.js';

/** What a slice of work needs. */
export interface SliceParts {
  readonly clock: Clock;
  /** Told of lookups that failed by a fault of ours. */
  readonly report: Reporter;
}

/** What is looked up in a slice of work: alerts, or addresses. */
export interface SliceWork<T> {
  /** What is asked about, by the place of each. */
  readonly keys: ReadonlyMap<number, string>;
  readonly find: (key: string, deadline: Deadline) => Promise<Aged<T>>;
  /** Stores what was found. */
  readonly keep: (place: number, found: Aged<T>) => Promise<void>;
  /** Calls that it may make; answers from a cache cost none. */
  readonly share: number;
}

/** What a slice brought, by places. */
export interface SliceResult extends Omit<SliceOutcome, 'fruitless'> {
  readonly found: readonly number[];
  /** Where waiting does not help. */
  readonly failed: ReadonlyMap<number, EnrichmentError>;
  /** The last failure that passes, for what is given up. */
  readonly passing: EnrichmentError | undefined;
}

/** A batch of lookups: ten seconds for a permit, as many for the call. Longer waits are the queue's. */
const BATCH_MS = 20_000;
/** No new batch is begun after this, so that a slice ends well within the host's time-out. */
const SLICE_MS = 30_000;

/**
 * Looks up, all of a batch at the same time, until there is nothing left, the share of the calls is spent,
 * the quota has no permit, the upstream fails, or the time is up. What was found is stored before anything
 * else is made of it.
 */
export async function runSlice<T>(
  parts: SliceParts,
  work: SliceWork<T>,
  stop: StopSignal,
): Promise<SliceResult> {
  const { clock } = parts;
  const untilMs = clock.monotonicMs() + SLICE_MS;
  const found: number[] = [];
  const failed = new Map<number, EnrichmentError>();
  const passing: EnrichmentError[] = [];
  let pending = [...work.keys];
  for (let left = work.share; left > 0 && pending.length > 0 && passing.length === 0 && !stop.isStopping; ) {
    const batch = pending.slice(0, left);
    pending = pending.slice(left);
    for (const { place, failure, isCall } of await runBatch(parts, work, batch, stop.cut)) {
      if (isCall) left--;
      if (!failure) found.push(place);
      else if (failure.retryAtMs === undefined) failed.set(place, failure);
      else passing.push(failure);
    }
    if (clock.monotonicMs() >= untilMs) break;
  }
  return {
    found,
    failed,
    passing: passing.at(-1),
    quotaAtMs: soonest(passing.filter(({ kind }) => kind === 'quota-exhausted')),
    failureAtMs: soonest(passing),
    isFruitful: found.length + failed.size > 0,
  };
}

/** What became of one lookup. */
interface LookedUp {
  readonly place: number;
  /** Absent when there is an answer. */
  readonly failure: EnrichmentError | undefined;
  /** Whether it took a permit. */
  readonly isCall: boolean;
}

function runBatch<T>(
  parts: SliceParts,
  work: SliceWork<T>,
  batch: readonly (readonly [number, string])[],
  cut: AbortSignal,
): Promise<LookedUp[]> {
  const outOfTime = () => new DeadlineError('The slice of work was over.');
  const run = (deadline: Deadline) =>
    Promise.all(batch.map(([place, key]) => lookUp(parts, work, place, key, deadline)));
  return withDeadline(parts.clock, BATCH_MS, outOfTime, run, cut);
}

const FAULT =
  'Something failed that should not have: look for lookup-fault in the log of the function app. Post the alert again.';

/** What cannot be stored does not count, or it would be lost with this process. */
async function lookUp<T>(
  { report }: SliceParts,
  { find, keep }: SliceWork<T>,
  place: number,
  key: string,
  deadline: Deadline,
): Promise<LookedUp> {
  const asFailure = (error: unknown) => {
    if (error instanceof EnrichmentError) return error;
    const fault = JSON.stringify(loggedFault(error));
    report({
      event: 'lookup-fault',
      detail: `The lookup of ${key} by a job failed by a fault: ${fault}`,
    });
    return new EnrichmentError('internal-error', FAULT);
  };
  const found = await find(key, deadline).catch(asFailure);
  if (found instanceof Error) return { place, failure: found, isCall: found.kind !== 'quota-exhausted' };
  const isCall = found.ageSeconds === 0;
  return keep(place, found).then(
    () => ({ place, failure: undefined, isCall }),
    (error) => ({ place, failure: asFailure(error), isCall }),
  );
}

function soonest(failures: readonly EnrichmentError[]): number | undefined {
  const times = failures.flatMap(({ retryAtMs }) => (retryAtMs === undefined ? [] : [retryAtMs]));
  return times.length > 0 ? Math.min(...times) : undefined;
}
