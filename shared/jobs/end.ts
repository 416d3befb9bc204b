import { withDeadline } from '../base/deadline.js';
import type { Reporter } from '../base/environment.js';
import { DeadlineError, EnrichmentError, StorageError } from '../base/errors.js';
import type { Deliveries } from '../delivery/deliveries.js';
import type { Reservation } from '../delivery/forwarding.js';
import type { EnrichedPayload, Enricher, EnrichOptions } from '../enrichment/enrich.js';
import type { Message } from '../queue-work/message.js';
import { type Composition, composeAnswer } from './compose.js';
import { FAILED, type Job, pendingOf, withFailure, withMarks } from './job.js';
import type { JobStore } from './job-store.js';
import { fail, finish, type Turn } from './transitions.js';

/** The final answer of a job as it is kept. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What ending jobs needs. */
export interface EndParts extends Omit<Enricher, 'lookup'> {
  readonly jobs: JobStore;
  /** Told of jobs that ended without a result, and of what failed by a fault of ours. */
  readonly report: Reporter;
  /** Whether the options in a job's query ask for statistics. */
  readonly wantsStats: (query: string) => boolean;
  /** Which addresses they ask for. */
  readonly wantedScope: (query: string) => EnrichOptions['scope'];
  /** Take over what is to be forwarded. */
  readonly deliveries: Pick<Deliveries, 'accept' | 'deadLetter'>;
  /** Makes the answer that the options in a job's query ask for. */
  readonly render: (enriched: EnrichedPayload, query: string) => KeptAnswer | Promise<KeptAnswer>;
  /** Makes the answer of a job whose result is too large to be one. */
  readonly renderError: (error: EnrichmentError, id: string) => KeptAnswer;
}

/** What ending a job came to. */
export type Ended = 'ended' | 'lost-claim';

/** The longest that statistics may take. */
const STATS_MS = 20_000;

export const PARTS_MISSING =
  'What the job is made of is not in the storage account any more, or another version of the app wrote it. Post the alerts again.';

/** What the last turn of a job knows beside its state. */
export interface LastTurn {
  readonly by: string;
  readonly alertIds: readonly string[];
  /** When what was given up is worth asking for again, on the monotonic clock. */
  readonly retryAtMs?: number | undefined;
}

/** Makes the final answer and ends the job with it. */
export async function end(parts: EndParts, job: Job, { by, alertIds, retryAtMs }: LastTurn): Promise<Ended> {
  const { jobs } = parts;
  const [text, answers] = await Promise.all([jobs.payload(job.id), jobs.answers(job.id).all()]);
  if (text === undefined) return endAsFailed(parts, job, PARTS_MISSING);
  const answer = async (): Promise<KeptAnswer> => {
    const enriched = await compose(
      parts,
      { job, text, alertIds, answers },
      { stats: parts.wantsStats(job.query), retryAtMs },
    );
    const delivery = job.forward && (await parts.deliveries.accept(job.forward, enriched));
    return parts.render(delivery ? { ...enriched, delivery } : enriched, job.query);
  };
  const { status, headers, body } = await answer().catch(async (error: unknown) => {
    if (!(error instanceof EnrichmentError && error.kind === 'answer-too-large')) throw error;
    // What was accepted ends somewhere: what the receiver cannot be sent is kept as it was posted.
    if (job.forward) await parts.deliveries.deadLetter(job.forward, text, error.message);
    return parts.renderError(error, job.id);
  });
  await jobs.keepResult(job.id, body);
  const { progress, failures, fruitless, expectedAtMs } = job;
  const turn: Turn = { progress, failures, fruitless, expectedAtMs };
  const finished = await jobs.change(job.id, (before, nowMs) => ({
    before,
    job: finish(before, by, turn, { kind: 'answered', atMs: nowMs, status, headers }),
  }));
  if (!(finished?.job ?? finished?.before)?.end) return 'lost-claim';
  await jobs.stopRunning(job.id);
  return 'ended';
}

function compose(
  parts: EndParts,
  made: Composition,
  { stats, retryAtMs }: { readonly stats: boolean; readonly retryAtMs?: number | undefined },
): Promise<EnrichedPayload> {
  const { clock } = parts;
  const outOfTime = () => new DeadlineError('The time for statistics is over.');
  return withDeadline(clock, STATS_MS, outOfTime, (deadline) =>
    composeAnswer(parts, made, { stats, retryAtMs: retryAtMs ?? clock.monotonicMs() }, deadline),
  );
}

/**
 * Ends a job that cannot be worked on, and tells its callers and the operators why. What it was to forward is
 * forwarded as it is. Whoever ended it so may have died before it could tell, and is here once more.
 *
 * @param message whose work it is: an old one ends nothing
 */
export async function endAsFailed(
  parts: EndParts,
  { id, generation }: Message,
  reason: string,
): Promise<Ended> {
  const { jobs, report } = parts;
  const { job } = await jobs.read(id);
  if (!job || generation < job.generation) return 'lost-claim';
  const order = job.end ? undefined : job.forward;
  if (order) await forwardFailed(parts, job, order, reason);
  const whole = order ? `${reason} What there is was handed to the delivery ${order.id}.` : reason;
  const failed = await jobs.change(id, (before, nowMs) => ({
    before,
    job: fail(before, generation, whole, nowMs),
  }));
  const end = (failed?.job ?? failed?.before)?.end;
  if (!end) return 'lost-claim';
  if (end.kind === 'failed') {
    report({ event: 'job-failed', detail: `The job ${id} was ended without a result. ${end.reason}` });
  }
  await jobs.stopRunning(id);
  return 'ended';
}

/** Forwards what there is; as a dead letter when not even that can be put into the destination's form. */
async function forwardFailed(parts: EndParts, job: Job, order: Reservation, reason: string): Promise<void> {
  const { jobs, deliveries } = parts;
  const text = await jobs.payload(job.id);
  if (text === undefined) return deliveries.deadLetter(order, undefined, reason);
  const [alertIds = [], answers] = await Promise.all([jobs.alertIds(job.id), jobs.answers(job.id).all()]);
  const failed = givenUp(job, new EnrichmentError('job-failed', reason));
  try {
    const enriched = await compose(parts, { job: failed, text, alertIds, answers }, { stats: false });
    await deliveries.accept(order, enriched);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    await deliveries.deadLetter(order, text, reason);
  }
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
