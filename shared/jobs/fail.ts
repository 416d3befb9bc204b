import type { Reporter } from '../base/environment.js';
import { CodeNotLoadedError, EnrichmentError, type ErrorKind, StorageError } from '../base/errors.js';
import type { Deliveries } from '../delivery/deliveries.js';
import type { Reservation } from '../delivery/forwarding.js';
import type { Message } from '../queue-work/message.js';
import { endAnyway } from '../queue-work/work-item.js';
import { DamagedStateError } from '../queue-work/work-store.js';
import { type ComposeParts, composeAnswer } from './compose.js';
import { FAILED, type Job, pendingOf, withFailure, withMarks } from './job.js';
import type { JobStore } from './job-store.js';
import { newJob } from './transitions.js';

/** What ending jobs without a result needs. */
export interface FailParts extends ComposeParts {
  readonly jobs: JobStore;
  /** Takes reports of jobs that ended without a result, or had damaged parts. */
  readonly report: Reporter;
  /** Take over what is to be forwarded. */
  readonly deliveries: Pick<Deliveries, 'accept' | 'deadLetter'>;
}

/** What ending a job came to. */
export type Ended = 'ended' | 'lost-claim';

export const PARTS_MISSING =
  'What the job is made of is gone from the storage account, or damaged. Post the alerts again.';
export const STATE_LOST =
  'The state of the job is gone from the storage account, or damaged. Post the alerts again.';
export const RESULT_LOST =
  'The result of the job is gone from the storage account, or damaged. Post the alerts again.';

/** Why a job ends without a result. */
export interface Failure {
  /** A sentence for the reader. */
  readonly reason: string;
  /** What it is answered as; absent: `job-failed`. */
  readonly problem?: ErrorKind;
  /** That the result has been handed over for delivery all the same. */
  readonly isForwarded?: boolean;
}

/**
 * Ends a job that cannot be worked on, and says why to its callers and to operators. What it was to forward
 * is forwarded as it is.
 *
 * @param message whose work it is: an old one ends nothing
 */
export async function endAsFailed(
  parts: FailParts,
  { id, generation }: Message,
  { reason, problem, isForwarded = false }: Failure,
): Promise<Ended> {
  const { jobs } = parts;
  const job = mustExist((await jobs.read(id)).item, id);
  if (generation < job.generation) return 'lost-claim';
  const order = job.end ? undefined : job.forward;
  if (order && !isForwarded) await forwardFailed(parts, job, order, reason);
  const whole = order ? `${reason} What there is was handed to the delivery ${order.id}.` : reason;
  const failed = mustExist(
    await jobs.change(id, (before, atMs) => ({
      before,
      next: endAnyway(
        before,
        { generation },
        {
          end: { kind: 'failed', atMs, reason: whole, ...(problem ? { problem } : {}) },
        },
      ),
    })),
    id,
  );
  if (failed.next) reportFailed(parts, failed.next);
  const now = failed.next ?? failed.before;
  if (!now.end) return 'lost-claim';
  if (failed.next) await jobs.stopRunning(id);
  else await tidyUp(parts, now);
  return 'ended';
}

/**
 * Takes an ended job's mark away. If there still is one, who ended it may have died before it could report
 * so.
 */
export async function tidyUp(parts: Pick<FailParts, 'jobs' | 'report'>, job: Job): Promise<void> {
  if (job.end) await parts.jobs.stopRunning(job.id, () => reportFailed(parts, job));
}

function reportFailed({ report }: Pick<FailParts, 'report'>, { id, end }: Job): void {
  if (end?.kind !== 'failed') return;
  report({ event: 'job-failed', detail: `The job ${id} was ended without a result. ${end.reason}` });
}

/**
 * Ends a job whose state is gone or damaged: as failed, with what its mark says that it was to be.
 * @returns false when somebody else was faster, and its message has to be looked at once more
 */
export async function endWithoutState(parts: FailParts, { id, generation }: Message): Promise<boolean> {
  const { jobs, report } = parts;
  const marked = await jobs.marked(id);
  const claim = { by: '', untilMs: 0 };
  const unknown = { id, query: '', tokens: [], progress: '' };
  const replaced = await jobs.replace(id, (nowMs) => {
    const job = marked ?? newJob({ ...unknown, createdAtMs: nowMs, expectedAtMs: nowMs });
    return { ...job, generation, claim };
  });
  if (!replaced) return false;
  const where = replaced.aside ? `damaged, and was set aside as ${replaced.aside}` : 'gone';
  const promised = marked
    ? ''
    : ' What it was to be is not known any more, nor whether it was to be forwarded.';
  report({
    event: 'job-damaged',
    detail: `The state of the job ${id} was ${where}: the job is ended.${promised}`,
  });
  await endAsFailed(parts, { id, generation }, { reason: STATE_LOST });
  return true;
}

/**
 * Forwards what there is. Where that is not even possible, or making it has killed a worker, the posted
 * alerts become a dead letter.
 */
async function forwardFailed(parts: FailParts, job: Job, order: Reservation, reason: string): Promise<void> {
  const { jobs, deliveries } = parts;
  const text = await jobs.payload(job);
  const mayKill = (job.composing ?? 0) > 0 && (job.claim?.untilMs ?? 0) > 0;
  if (text === undefined || mayKill) return deliveries.deadLetter(order, text, reason);
  const alertIds = (await jobs.alertIds(job)) ?? [];
  const answers = await jobs.answers(job.id, alertIds).all();
  const failed = givenUp(job, new EnrichmentError('job-failed', reason));
  try {
    const enriched = await composeAnswer(
      parts,
      { job: failed, text, alertIds, answers },
      { retryAtMs: parts.clock.monotonicMs() },
    );
    await deliveries.accept(order, enriched);
  } catch (error) {
    if (error instanceof StorageError || error instanceof CodeNotLoadedError) throw error;
    await deliveries.deadLetter(order, text, reason);
  }
}

/** @throws {DamagedStateError} when there is no job any more, which was there a moment ago */
export function mustExist<T>(found: T | undefined, id: string): T {
  if (found === undefined) throw new DamagedStateError(`The state of the job ${id} is gone.`);
  return found;
}

/** What is still pending has failed with the last failure. */
export function givenUp(job: Job, passing: EnrichmentError | undefined): Job {
  const pending = pendingOf(job);
  return {
    ...job,
    progress: withMarks(job.progress, new Map(pending.map((index) => [index, FAILED]))),
    failures: passing ? withFailure(job.failures, pending, passing) : job.failures,
  };
}
