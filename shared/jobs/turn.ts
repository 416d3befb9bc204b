import type { Clock } from '../base/clock.js';
import { type Deadline, withDeadline } from '../base/deadline.js';
import type { Reporter } from '../base/environment.js';
import { DeadlineError, EnrichmentError, loggedFault } from '../base/errors.js';
import type { SourcesOption } from '../lookup/source-choice.js';
import type { AlertLookup } from '../lookup/sources-lookup.js';
import type { AnswerBlobs } from './answers.js';
import { type AlertFailure, ANSWERED, FAILED, type Job, pendingOf, withFailure, withMarks } from './job.js';
import type { TurnOutcome } from './schedule.js';

/** What a turn of work needs. */
export interface TurnParts {
  readonly clock: Clock;
  /** Looks alerts up with the permits that background work may have. */
  readonly lookup: AlertLookup;
  /** Which sources the post wants to be asked, by its query. */
  readonly wantedSources: (query: string) => SourcesOption;
  /** Told of lookups that failed by a fault of ours. */
  readonly report: Reporter;
}

/** What a turn brought. */
export interface TurnResult extends TurnOutcome {
  readonly progress: string;
  readonly failures: readonly AlertFailure[];
  /** The last failure that passes, for alerts that are given up. */
  readonly passing: EnrichmentError | undefined;
}

/** A batch of lookups: ten seconds for a permit, as many for the call. Longer waits are the queue's. */
const BATCH_MS = 20_000;
/** No new batch is begun after this, so that a turn ends well within its claim and the host's time-out. */
const TURN_MS = 30_000;

/**
 * Looks up alerts of a job, all of a batch at the same time, until there is none left, its share of the
 * calls is spent, the quota has no permit, the upstream fails, or its time is up. Each answer is kept
 * before anything else is made of it.
 *
 * @param share calls that it may make; answers from a cache cost none
 */
export async function runTurn(
  parts: TurnParts,
  job: Job,
  alertIds: readonly string[],
  kept: AnswerBlobs,
  share: number,
): Promise<TurnResult> {
  const { clock } = parts;
  const untilMs = clock.monotonicMs() + TURN_MS;
  const marks = new Map<number, string>();
  let failures = job.failures;
  const passing: EnrichmentError[] = [];
  const sources = parts.wantedSources(job.query);
  let pending = pendingOf(job);
  for (let left = share; left > 0 && pending.length > 0 && passing.length === 0; ) {
    const batch = pending.slice(0, left);
    pending = pending.slice(left);
    const lookups = await runBatch(clock, batch, (index, deadline) =>
      lookUp(parts, alertIds, kept, { index, sources }, deadline),
    );
    for (const { index, failure, isCall } of lookups) {
      if (isCall) left--;
      if (!failure) marks.set(index, ANSWERED);
      else if (failure.retryAtMs !== undefined) passing.push(failure);
      else {
        marks.set(index, FAILED);
        failures = withFailure(failures, [index], failure);
      }
    }
    if (clock.monotonicMs() >= untilMs) break;
  }
  const quota = passing.filter(({ kind }) => kind === 'quota-exhausted');
  return {
    progress: withMarks(job.progress, marks),
    failures,
    passing: passing.at(-1),
    quotaAtMs: soonest(quota),
    failureAtMs: soonest(passing),
    isFruitful: marks.size > 0,
    fruitless: job.fruitless,
  };
}

/** What became of one alert. */
interface LookedUpAlert {
  readonly index: number;
  /** Absent when there is an answer. */
  readonly failure: EnrichmentError | undefined;
  /** Whether it took a permit. */
  readonly isCall: boolean;
}

function runBatch(
  clock: Clock,
  batch: readonly number[],
  lookUpOne: (index: number, deadline: Deadline) => Promise<LookedUpAlert>,
): Promise<LookedUpAlert[]> {
  const outOfTime = () => new DeadlineError('The turn of work was over.');
  return withDeadline(clock, BATCH_MS, outOfTime, (deadline) =>
    Promise.all(batch.map((index) => lookUpOne(index, deadline))),
  );
}

const FAULT =
  'Something failed that should not have: look for lookup-fault in the log of the function app. Post the alert again.';

/** An answer that cannot be kept does not count, or it would be lost with this process. */
async function lookUp(
  { lookup, report }: TurnParts,
  alertIds: readonly string[],
  kept: AnswerBlobs,
  { index, sources }: { readonly index: number; readonly sources: SourcesOption },
  deadline: Deadline,
): Promise<LookedUpAlert> {
  const alertId = alertIds[index] ?? '';
  const asFailure = (error: unknown) => {
    if (error instanceof EnrichmentError) return error;
    const fault = JSON.stringify(loggedFault(error));
    report({
      event: 'lookup-fault',
      detail: `The lookup of ${alertId} by a job failed by a fault: ${fault}`,
    });
    return new EnrichmentError('internal-error', FAULT);
  };
  const found = await lookup.find(alertId, deadline, sources).catch(asFailure);
  if (found instanceof Error) return { index, failure: found, isCall: found.kind !== 'quota-exhausted' };
  const isCall = found.ageSeconds === 0;
  return kept.keep(new Map([[index, found]])).then(
    () => ({ index, failure: undefined, isCall }),
    (error) => ({ index, failure: asFailure(error), isCall }),
  );
}

function soonest(failures: readonly EnrichmentError[]): number | undefined {
  const times = failures.flatMap(({ retryAtMs }) => (retryAtMs === undefined ? [] : [retryAtMs]));
  return times.length > 0 ? Math.min(...times) : undefined;
}
