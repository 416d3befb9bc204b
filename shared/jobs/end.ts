import type { Reporter } from '../base/environment.js';
import { EnrichmentError, type ErrorKind, StorageError } from '../base/errors.js';
import type { Deliveries } from '../delivery/deliveries.js';
import type { Reservation } from '../delivery/forwarding.js';
import type { EnrichedPayload, Enricher } from '../enrichment/enrich.js';
import type { Message } from '../queue-work/message.js';
import { endAnyway, finish, holds } from '../queue-work/work-item.js';
import { DamagedStateError } from '../queue-work/work-store.js';
import { type Composition, composeAnswer, lostAnswers } from './compose.js';
import type { StopSignal } from './in-flight.js';
import { FAILED, type Job, pendingOf, withFailure, withMarks } from './job.js';
import type { JobStore } from './job-store.js';
import { runSlice, type SliceParts } from './slice.js';
import { type KnownStats, MOST_STATS } from './stats.js';
import { digestOfText } from './token.js';
import { type Next, newJob, nextSlice } from './transitions.js';

/** The final answer of a job as it is kept. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What ending jobs needs. */
export interface EndParts extends Omit<Enricher, 'lookup'>, SliceParts {
  readonly jobs: JobStore;
  /** Told of jobs that ended without a result, and of what failed by a fault of ours. */
  readonly report: Reporter;
  /** Whether the options in a job's query ask for statistics. */
  readonly wantsStats: (query: string) => boolean;
  /** Take over what is to be forwarded. */
  readonly deliveries: Pick<Deliveries, 'accept' | 'deadLetter'>;
  /** Makes the answer that the options in a job's query ask for. */
  readonly render: (enriched: EnrichedPayload, query: string) => KeptAnswer;
}

/** What ending a job came to. */
export type Ended = 'ended' | 'lost-claim';

export const PARTS_MISSING =
  'What the job is made of is gone from the storage account, or damaged. Post the alerts again.';
export const STATE_LOST =
  'The state of the job is gone from the storage account, or damaged. Post the alerts again.';

export const RESULT_LOST =
  'The result of the job is gone from the storage account, or damaged. Post the alerts again.';

/** What the last slice of a job knows beside its state. */
export interface LastSlice {
  readonly by: string;
  /** The job as this worker claimed it. */
  readonly claimed: Job;
  readonly alertIds: readonly string[];
  /** Workers that have died while they made this answer. */
  readonly deaths: number;
  /** Calls that it may make. */
  readonly share: number;
  readonly inFlight: StopSignal;
  /** When what was given up is worth asking for again, on the monotonic clock. */
  readonly retryAtMs?: number | undefined;
}

/** What is left to be done before a job can end. */
export interface NotYet {
  readonly next: Next & { readonly kind: 'slice' };
  /** Lookups that are left. */
  readonly pending: number;
}

/**
 * Makes the final answer and ends the job with it; where statistics are wanted, when they are there, or have been asked
 * for long enough.
 */
export async function end(parts: EndParts, job: Job, last: LastSlice): Promise<Ended | NotYet> {
  const { jobs, deliveries, report } = parts;
  const { id, progress, failures, fruitless, expectedAtMs } = job;
  const { by, claimed, alertIds, retryAtMs } = last;
  const slice = { progress, failures, fruitless, expectedAtMs };
  // Written before the answer is made: a worker that dies of making it can say so no more.
  const begun = mustExist(
    await jobs.change(
      id,
      (before) => ({
        next: holds(before, by) ? { ...before, ...slice, composing: last.deaths + 1 } : undefined,
      }),
      claimed,
    ),
    id,
  );
  if (!begun.next) return 'lost-claim';
  const [text, answers] = await Promise.all([jobs.payload(job), jobs.answers(id, alertIds).all()]);
  if (text === undefined) return endAsFailed(parts, job, { reason: PARTS_MISSING });
  const made = { job, text, alertIds, answers };
  const lost = lostAnswers(made);
  if (lost > 0) {
    const detail = `${lost} answers of the job ${id} are gone from the storage account, or damaged. Their alerts are answered as failed.`;
    report({ event: 'job-damaged', detail });
  }
  let isForwarded = false;
  let answer: KeptAnswer;
  try {
    const looked = parts.wantsStats(job.query) ? await lookUpStats(parts, made, last) : undefined;
    if (looked && 'next' in looked) return looked;
    const enriched = await compose(parts, made, { known: looked, retryAtMs });
    const delivery = job.forward && (await deliveries.accept(job.forward, enriched));
    isForwarded = delivery !== undefined;
    answer = parts.render(delivery ? { ...enriched, delivery } : enriched, job.query);
  } catch (error) {
    // What cannot be answered so, such as an answer that would be too large; all else is tried again.
    if (!(error instanceof EnrichmentError) || error instanceof StorageError) throw error;
    return endAsFailed(parts, job, { reason: error.message, problem: error.kind, isForwarded });
  }
  const { status, headers, body } = answer;
  const digest = await digestOfText(body);
  await jobs.keepResult(id, body);
  const finished = mustExist(
    await jobs.change(
      id,
      (before, atMs) => ({
        before,
        next: finish(before, by, { ...slice, end: { kind: 'answered', atMs, status, headers, digest } }),
      }),
      begun.next,
    ),
    id,
  );
  if (!(finished.next ?? finished.before).end) return 'lost-claim';
  await jobs.stopRunning(id);
  return 'ended';
}

/** @throws {DamagedStateError} when there is no job any more, which was there a moment ago */
export function mustExist<T>(found: T | undefined, id: string): T {
  if (found === undefined) throw new DamagedStateError(`The state of the job ${id} is gone.`);
  return found;
}

function compose(
  parts: EndParts,
  made: Composition,
  { known, retryAtMs }: { readonly known?: KnownStats | undefined; readonly retryAtMs?: number | undefined },
): Promise<EnrichedPayload> {
  return composeAnswer(parts, made, { known, retryAtMs: retryAtMs ?? parts.clock.monotonicMs() });
}

/**
 * Looks up how common the addresses of a job are, as far as its share of the calls goes.
 * @returns what is known of them, when nothing is left to be asked
 */
async function lookUpStats(
  parts: EndParts,
  made: Composition,
  { share, inFlight }: LastSlice,
): Promise<KnownStats | NotYet> {
  const { clock, jobs, statsLookup } = parts;
  const { id, fruitless } = made.job;
  const kept = jobs.stats(id);
  const known = await kept.all();
  const { enrichment } = await compose(parts, made, {});
  const wanted = enrichment.ips.filter(({ scope }) => scope === 'public').slice(0, MOST_STATS);
  const missing = wanted
    .map(({ address }) => address)
    .filter((address) => !known.stats.has(address) && !known.failures.has(address));
  if (missing.length === 0) return known;
  const slice = await runSlice(
    parts,
    {
      keys: new Map(missing.entries()),
      find: (address, deadline) => statsLookup.find(address, deadline),
      keep: (place, { answer }) => kept.keep(missing[place] ?? '', answer),
      share,
    },
    inFlight,
  );
  await kept.keepFailures(new Map([...slice.failed].map(([place, error]) => [missing[place] ?? '', error])));
  const pending = missing.length - slice.found.length - slice.failed.size;
  const next = nextSlice({ ...slice, fruitless, isStopping: inFlight.isStopping }, clock.monotonicMs());
  return pending > 0 && next.kind === 'slice' ? { next, pending } : kept.all();
}

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
 * Ends a job that cannot be worked on, and says why to its callers and to operators. What it was to forward is
 * forwarded as it is.
 *
 * @param message whose work it is: an old one ends nothing
 */
export async function endAsFailed(
  parts: EndParts,
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
  else await sayEnded(parts, now);
  return 'ended';
}

/** Takes an ended job's mark away. Who ended it may have died before; then it is said once more how it ended. */
export async function sayEnded(parts: Pick<EndParts, 'jobs' | 'report'>, job: Job): Promise<void> {
  if (job.end) await parts.jobs.stopRunning(job.id, () => reportFailed(parts, job));
}

function reportFailed({ report }: Pick<EndParts, 'report'>, { id, end }: Job): void {
  if (end?.kind !== 'failed') return;
  report({ event: 'job-failed', detail: `The job ${id} was ended without a result. ${end.reason}` });
}

/**
 * Ends a job whose state is gone or damaged: as failed, with what its mark says that it was to be.
 * @returns false when somebody else was faster, and its message has to be looked at once more
 */
export async function endWithoutState(parts: EndParts, { id, generation }: Message): Promise<boolean> {
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
 * Forwards what there is. Where that is not even possible, or making it has killed a worker, the posted alerts become
 * a dead letter.
 */
async function forwardFailed(parts: EndParts, job: Job, order: Reservation, reason: string): Promise<void> {
  const { jobs, deliveries } = parts;
  const text = await jobs.payload(job);
  const mayKill = (job.composing ?? 0) > 0 && (job.claim?.untilMs ?? 0) > 0;
  if (text === undefined || mayKill) return deliveries.deadLetter(order, text, reason);
  const alertIds = (await jobs.alertIds(job)) ?? [];
  const answers = await jobs.answers(job.id, alertIds).all();
  const failed = givenUp(job, new EnrichmentError('job-failed', reason));
  try {
    const enriched = await compose(parts, { job: failed, text, alertIds, answers }, {});
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
