import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { StorageError } from '../base/errors.js';
import { currentTrace } from '../base/trace.js';
import type { Reservation } from '../delivery/forwarding.js';
import { newId, writeMessage } from '../queue-work/message.js';
import type { Quota } from '../quota/quota.js';
import { OtherVersionError } from '../storage/change.js';
import type { QueueStore } from '../storage/queue-store.js';
import type { Answers } from './answers.js';
import { ANSWERED, type Job, pendingOf, withMarks } from './job.js';
import type { JobStore } from './job-store.js';
import { digestOf, newToken } from './token.js';
import { type JobView, join, mayLackMessage, newJob, noProgress, viewJob } from './transitions.js';

/** What starting a job needs. */
export interface StartParts {
  readonly clock: Clock;
  readonly jobs: JobStore;
  readonly queue: QueueStore;
  readonly quota: Quota;
}

/** What shall become a job. */
export interface JobRequest {
  /** The payload as posted. */
  readonly text: string;
  readonly alertIds: readonly string[];
  /** The options that shape the answer, as a query. */
  readonly query: string;
  /** The caller's own word for what is the same post; absent: the body and the options are. */
  readonly dedupe: string | undefined;
  /** Answers that there are already. */
  readonly answers: Answers;
  /** Where the result is to be forwarded. */
  readonly forward?: Reservation | undefined;
}

/** A running job, and the token that opens it for whoever posted. */
export interface StartedJob {
  readonly id: string;
  readonly token: string;
  readonly view: JobView & { readonly kind: 'running' };
}

/** Jobs that equal posts may begin and lose at the same time before one is told to come back. */
const MOST_TRIES = 5;
/** A message is looked for about this often (`maxPollingInterval` in host.json). */
const POLLING_MS = 2_000;

/**
 * Makes a job of a post, or joins the running one that an equal post began: then with a token of its own.
 *
 * The order makes a crash harmless anywhere: a job is whole before an equal post can find it, and who
 * joins a job that may be without a message sends one more. One message too many does nothing.
 *
 * @throws {StorageError} when the store or the queue is down: then the post has to be repeated
 */
export async function startJob(parts: StartParts, request: JobRequest): Promise<StartedJob> {
  const { clock, jobs } = parts;
  const same = sameness(request);
  const token = newToken();
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const before = await jobs.same(same);
    const joined = before && (await joinJob(parts, before.id, token));
    if (joined) return joined;
    const job = await createJob(parts, request, token);
    const isSet = (await jobs.setSame(same, job.id, before)) || (await jobs.same(same))?.id === job.id;
    if (!isSet) {
      await jobs.stopRunning(job.id); // an equal post was faster; the sweep takes the rest away
      continue;
    }
    await parts.queue.send(writeMessage(job), 0);
    return started(job, token, job.createdAtMs);
  }
  throw new StorageError('Equal posts begin jobs all the time. Ask again.', {
    retryAtMs: clock.monotonicMs() + 1_000,
  });
}

async function joinJob(
  { jobs, queue }: StartParts,
  id: string,
  token: string,
): Promise<StartedJob | undefined> {
  const joined = await jobs
    .change(id, (job, nowMs) => ({ job: join(job, digestOf(token)), nowMs }))
    .catch((error: unknown) => {
      if (error instanceof OtherVersionError) return undefined; // it goes on there
      throw error;
    });
  if (!joined?.job) return undefined;
  if (mayLackMessage(joined.job, joined.nowMs)) await queue.send(writeMessage(joined.job), 0);
  return started(joined.job, token, joined.nowMs);
}

function createJob({ clock, jobs, quota }: StartParts, request: JobRequest, token: string): Promise<Job> {
  const { text, alertIds, query, answers, forward } = request;
  const id = newId();
  const answered = new Map([...answers.keys()].map((index) => [index, ANSWERED]));
  const progress = withMarks(noProgress(alertIds.length), answered);
  const workMs = quota.expectBackground(pendingOf({ progress }).length) - clock.monotonicMs();
  return jobs.create(id, { payload: text, alertIds, answers }, (nowMs) =>
    newJob({
      id,
      query,
      tokens: [digestOf(token)],
      progress,
      createdAtMs: nowMs,
      trace: currentTrace(),
      expectedAtMs: nowMs + workMs + POLLING_MS,
      ...(forward ? { forward } : {}),
    }),
  );
}

function started({ id, ...job }: Job, token: string, nowMs: number): StartedJob {
  const view = viewJob({ id, ...job }, 0, nowMs);
  if (view.kind !== 'running') throw new TypeError('a job that was just joined runs');
  return { id, token, view };
}

/** A digest: a caller's key or payload has no place in a blob's name. */
function sameness({ text, query, dedupe, forward }: JobRequest): string {
  // Whoever wants it forwarded must not join a job that does not.
  const where = forward?.destination ?? null;
  const what = dedupe === undefined ? ['post', where, query, text] : ['key', where, dedupe];
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}
