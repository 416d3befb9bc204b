import type { Deadline } from '../base/deadline.js';
import { EnrichmentError } from '../base/errors.js';
import type { EnrichedPayload } from '../enrichment/enrich.js';
import { isId, type Message } from '../queue-work/message.js';
import { composeAnswer } from './compose.js';
import type { KeptAnswer } from './end.js';
import type { Job } from './job.js';
import { type JobRequest, type StartedJob, startJob } from './start.js';
import { opens } from './token.js';
import { type JobView, viewJob } from './transitions.js';
import { giveUpJob, type Worked, type WorkParts, workOnJob } from './work.js';

/** What jobs are made of. */
export interface JobsParts extends WorkParts {
  readonly resultHours: number;
}

/** What somebody with a token gets to see. */
export type AskedJob =
  | { readonly kind: 'running'; readonly job: Job; readonly view: JobView & { readonly kind: 'running' } }
  | { readonly kind: 'answered'; readonly answer: KeptAnswer };

/** Enrichments that outlive their requests. Every method throws {StorageError} when the store is down. */
export class Jobs {
  readonly #parts: JobsParts;

  constructor(parts: JobsParts) {
    this.#parts = parts;
  }

  start(request: JobRequest): Promise<StartedJob> {
    return startJob(this.#parts, request);
  }

  work(message: Message): Promise<Worked> {
    return workOnJob(this.#parts, message);
  }

  /** Ends a job whose message the host has given up. */
  giveUp(message: Message): Promise<void> {
    return giveUpJob(this.#parts, message);
  }

  /**
   * What became of a job. Whoever has no token for it is told no more than of one that never was.
   * @throws {EnrichmentError} `job-unknown`, `job-expired` or `job-failed`
   */
  async ask(id: string, token: string): Promise<AskedJob> {
    const { jobs, resultHours } = this.#parts;
    if (!isId(id)) throw unknownJob();
    const { job, storeTimeMs } = await jobs.read(id);
    if (!opens(token, job?.tokens ?? []) || !job) throw unknownJob();
    const view = viewJob(job, resultHours, storeTimeMs);
    if (view.kind === 'unknown') throw unknownJob();
    if (view.kind === 'expired') throw expired(resultHours);
    if (view.kind === 'running') return { kind: 'running', job, view };
    if (view.end.kind === 'failed') throw new EnrichmentError('job-failed', view.end.reason);
    const body = await jobs.result(id);
    if (body === undefined) throw expired(resultHours);
    const { status, headers } = view.end;
    return { kind: 'answered', answer: { status, headers, body } };
  }

  /** The answer so far of a running job; `partial` however much of it there is, since the job goes on. */
  async partial(job: Job, retryAfterSeconds: number, deadline: Deadline): Promise<EnrichedPayload> {
    const { clock, jobs } = this.#parts;
    const [text, alertIds = [], answers] = await Promise.all([
      jobs.payload(job.id),
      jobs.alertIds(job.id),
      jobs.answers(job.id).all(),
    ]);
    if (text === undefined) throw unknownJob();
    const retryAtMs = clock.monotonicMs() + retryAfterSeconds * 1000;
    const made = { job, text, alertIds, answers };
    const soFar = await composeAnswer(this.#parts, made, { stats: false, retryAtMs }, deadline);
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
