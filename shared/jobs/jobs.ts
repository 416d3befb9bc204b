import { LRUCache } from 'lru-cache';
import { EnrichmentError } from '../base/errors.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import { isId, type Message, writeMessage } from '../queue-work/message.js';
import { DamagedStateError } from '../queue-work/work-store.js';
import type { Swept } from '../storage/sweep.js';
import { composeAnswer } from './compose.js';
import type { KeptAnswer } from './end.js';
import { PARTS_MISSING, RESULT_LOST, STATE_LOST } from './fail.js';
import { InFlight } from './in-flight.js';
import type { Job } from './job.js';
import { type JobRequest, type StartedJob, type StartParts, startJob } from './start.js';
import { type SweepParts, sweepJobs } from './sweep-jobs.js';
import { digestOfText, opens } from './token.js';
import { isOverdue, type JobView, viewJob } from './transitions.js';
import { giveUpJob, type Worked, type WorkParts, workOnJob } from './work.js';

/** What jobs are made of. */
export interface JobsParts extends Omit<WorkParts, 'inFlight'>, StartParts, SweepParts {}

/** What somebody with a token gets to see. */
export type AskedJob =
  | { readonly kind: 'running'; readonly job: Job; readonly view: JobView & { readonly kind: 'running' } }
  | { readonly kind: 'answered'; readonly answer: KeptAnswer };

/** For how long an answer so far is given again as it is, in milliseconds (a choice). */
const PARTIAL_KEPT_MS = 5_000;
/** Answers so far that are kept: each can be as large as a payload and its addresses. */
const MOST_PARTIALS = 4;

/** Enrichments that outlive their requests. Every method throws {StorageError} when the store is down. */
export class Jobs {
  readonly #parts: WorkParts & JobsParts;
  readonly #partials: LRUCache<
    string,
    { readonly soFar: Promise<EnrichedPayload>; readonly untilMs: number }
  >;

  constructor(parts: JobsParts) {
    this.#parts = { ...parts, inFlight: new InFlight(parts.clock, parts.queue) };
    this.#partials = new LRUCache({ max: MOST_PARTIALS });
  }

  /** @throws {RequestError} `dedupe-reused` */
  start(request: JobRequest): Promise<StartedJob> {
    return startJob(this.#parts, request);
  }

  /** @param dequeueCount how often the host has handed this message over */
  work(message: Message, dequeueCount = 1): Promise<Worked> {
    return workOnJob(this.#parts, message, dequeueCount);
  }

  /** Ends a job whose message the host has given up. */
  giveUp(message: Message): Promise<void> {
    return giveUpJob(this.#parts, message);
  }

  /**
   * Looks after jobs without a message, and deletes what has had its time. It begins with nothing more after
   * `longestMs`.
   */
  sweep(longestMs: number): Promise<Swept> {
    return sweepJobs(this.#parts, longestMs);
  }

  /**
   * Gets ready for the end of this process: work under way ends with what it has, and other instances go on
   * with it. Permits should not be given any more by then.
   *
   * @param withinMs after which the process may end
   * @returns ids of the jobs that were still being worked on then; they go on elsewhere when their lease is
   *   over
   */
  stop(withinMs: number): Promise<readonly string[]> {
    return this.#parts.inFlight.stop(withinMs);
  }

  /**
   * What became of a job. Whoever has no token for it is told no more than of one that never was.
   * @throws {EnrichmentError} `job-unknown`, `job-expired`, `job-failed`, or what an answer could not be made
   *   for
   */
  async ask(id: string, token: string): Promise<AskedJob> {
    const { jobs, resultHours, report } = this.#parts;
    if (!isId(id)) throw unknownJob();
    const { item: job, storeTimeMs } = await this.#read(id, token);
    if (!opens(token, job.tokens)) throw unknownJob();
    const view = viewJob(job, resultHours, storeTimeMs);
    if (view.kind === 'unknown') throw unknownJob();
    if (view.kind === 'expired') throw expired(resultHours);
    if (view.kind === 'running') {
      await this.#ensureMessage(job, storeTimeMs);
      return { kind: 'running', job, view };
    }
    if (view.end.kind === 'failed')
      throw new EnrichmentError(view.end.problem ?? 'job-failed', view.end.reason);
    const { status, headers, digest } = view.end;
    const body = await jobs.result(id);
    if (body === undefined || (digest !== undefined && (await digestOfText(body)) !== digest)) {
      report({
        event: 'job-damaged',
        detail: `The result of the job ${id} is ${body === undefined ? 'gone' : 'damaged'}.`,
      });
      throw new EnrichmentError('job-failed', RESULT_LOST);
    }
    return { kind: 'answered', answer: { status, headers, body } };
  }

  /**
   * @throws {EnrichmentError} also for a job whose state is gone or damaged: its mark knows who may be told
   * so
   */
  async #read(id: string, token: string): Promise<{ readonly item: Job; readonly storeTimeMs: number }> {
    const { jobs, report } = this.#parts;
    try {
      const { item, storeTimeMs } = await jobs.read(id);
      if (item) return { item, storeTimeMs };
    } catch (error) {
      if (!(error instanceof DamagedStateError)) throw error;
      report({ event: 'job-damaged', detail: `The state of the job ${id} is damaged.` });
    }
    if (!opens(token, (await jobs.marked(id))?.tokens ?? [])) throw unknownJob();
    throw new EnrichmentError('job-failed', STATE_LOST);
  }

  /**
   * Sends a message for a job that is long overdue, since perhaps somebody has cleared the queue; once in a
   * while.
   */
  async #ensureMessage(asked: Job, storeTimeMs: number): Promise<void> {
    const { jobs, queue } = this.#parts;
    if (!isOverdue(asked, storeTimeMs)) return;
    const renewed = await jobs.change(asked.id, (job, nowMs) => ({
      next: isOverdue(job, nowMs) ? { ...job, expectedAtMs: nowMs } : undefined,
    }));
    if (renewed?.next) await queue.send(writeMessage(renewed.next), 0);
  }

  /**
   * The answer so far of a running job; `partial` however much of it there is, since the job goes on. It can
   * be some seconds old: however often it is asked for, the answers are read once in that time.
   */
  async partial(job: Job, retryAfterSeconds: number): Promise<EnrichedPayload> {
    const nowMs = this.#parts.clock.monotonicMs();
    const kept = this.#partials.get(job.id);
    if (kept && nowMs < kept.untilMs) return kept.soFar;
    const soFar = this.#composePartial(job, retryAfterSeconds);
    this.#partials.set(job.id, { soFar, untilMs: nowMs + PARTIAL_KEPT_MS });
    soFar.catch(() => this.#partials.delete(job.id));
    return soFar;
  }

  async #composePartial(job: Job, retryAfterSeconds: number): Promise<EnrichedPayload> {
    const { clock, jobs } = this.#parts;
    const [text, alertIds] = await Promise.all([jobs.payload(job), jobs.alertIds(job)]);
    if (text === undefined || !alertIds) throw new EnrichmentError('job-failed', PARTS_MISSING);
    const answers = await jobs.answers(job.id, alertIds).all();
    const retryAtMs = clock.monotonicMs() + retryAfterSeconds * 1000;
    const made = { job, text, alertIds, answers };
    const soFar = await composeAnswer(this.#parts, made, { retryAtMs });
    return { ...soFar, enrichment: { ...soFar.enrichment, status: 'partial' } };
  }
}

/** What is said to whoever has no token for a job, and where there are no jobs. */
export function unknownJob(): EnrichmentError {
  return new EnrichmentError(
    'job-unknown',
    'There is no job with this id and token. Take the address that the 202 gave in Location, as it is.',
  );
}

function expired(resultHours: number): EnrichmentError {
  return new EnrichmentError(
    'job-expired',
    `The result of this job has expired: it is kept for ${resultHours} h (JOB_RESULT_HOURS). Post the alerts again.`,
  );
}
