import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { RequestError } from '../base/errors.js';
import { currentTrace } from '../base/trace.js';
import type { Reservation } from '../delivery/forwarding.js';
import { newId, writeMessage } from '../queue-work/message.js';
import { DamagedStateError, OtherVersionError } from '../queue-work/work-store.js';
import type { Quota } from '../quota/quota.js';
import type { QueueStore } from '../storage/queue-store.js';
import type { Answers } from './answers.js';
import { ANSWERED, type Job, pendingOf, withMarks } from './job.js';
import { digestOfList, type JobStore } from './job-store.js';
import { digestOf, digestOfText, newToken } from './token.js';
import { type JobView, join, needsMessage, newJob, noProgress, viewJob } from './transitions.js';

/** What starting a job needs. */
export interface StartParts {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
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

/** A post, with what tells it from others. */
interface Post extends JobRequest {
  readonly payloadDigest: string;
  /** What equal posts share: the caller's dedupe key, or else all of the post. */
  readonly key: string;
  /** Digest of all of the post: body, options and destination. */
  readonly post: string;
  readonly token: string;
}

/** A message is looked for about this often (`maxPollingInterval` in host.json). */
const POLLING_MS = 2_000;
/**
 * A job whose key was reserved this long ago and that is not there was begun by a process that died (a
 * choice).
 */
const MAKING_MS = 20_000;
/** Between two looks for a job that an equal post is making (a choice). */
const LOOK_AGAIN_MS = 250;

/**
 * Makes a job of a post, or joins the running one that an equal post began: then with a token of its own.
 *
 * The job's id is reserved under the post's idempotency key before anything is written under it, so of equal
 * posts at the same time one writes. Everything after that can be done twice: a job that its maker left in
 * the middle is made by whoever repeats the post, and who joins a job that may be without a message sends one
 * more.
 *
 * @throws {RequestError} `dedupe-reused` when the caller's key belongs to another post whose job still runs
 * @throws {StorageError} when the store or the queue is down: then the post has to be repeated
 */
export async function startJob(parts: StartParts, request: JobRequest): Promise<StartedJob> {
  const { clock, random, jobs } = parts;
  const post = await withDigests(request);
  const mine = { id: newId(), post: post.post };
  if (await jobs.reserve(post.key, mine)) return makeJob(parts, post, mine.id);
  for (;;) {
    const reserved = await jobs.holder(post.key);
    if (reserved?.id === mine.id) return makeJob(parts, post, mine.id); // the answer to our own write was lost
    const found =
      reserved?.id === undefined ? 'free' : await joinJob(parts, post, reserved.id, reserved.post);
    if (typeof found === 'object') return found;
    const isLeft = found === 'not-there' && (reserved?.ageMs ?? 0) >= MAKING_MS;
    if (isLeft && reserved?.id !== undefined && isSamePost(post, reserved.post)) {
      return makeJob(parts, post, reserved.id);
    }
    if (found === 'free' || isLeft) {
      if (await jobs.reserve(post.key, mine, reserved)) return makeJob(parts, post, mine.id);
    } else if (!isSamePost(post, reserved?.post)) throw dedupeReused();
    await clock.sleep(LOOK_AGAIN_MS * (1 + random()));
  }
}

/**
 * Joins the job that the key belongs to.
 * @returns `free` when it can be joined no more, and another one may take its place
 */
async function joinJob(
  { jobs, queue }: StartParts,
  post: Post,
  id: string,
  reservedBy: string | undefined,
): Promise<StartedJob | 'free' | 'not-there'> {
  const { token } = post;
  const isSame = isSamePost(post, reservedBy);
  const joined = await jobs
    .change(id, (before, nowMs) => ({
      before,
      nowMs,
      next: isSame ? join(before, digestOf(token)) : undefined,
    }))
    .catch((error: unknown) => {
      // It goes on in another version, or its worker finds out; this post is not to wait for that.
      if (error instanceof OtherVersionError || error instanceof DamagedStateError) return 'free' as const;
      throw error;
    });
  if (joined === 'free') return 'free';
  if (!joined) return 'not-there';
  if (!isSame && !joined.before.end) throw dedupeReused();
  if (!joined.next) return 'free';
  if (needsMessage(joined.next, joined.nowMs)) {
    await jobs.markRunning(joined.next);
    await queue.send(writeMessage(joined.next), 0);
  }
  return started(joined.next, token, joined.nowMs);
}

/**
 * Makes a job under an id that was reserved for it, or joins the one that somebody else has made meanwhile.
 */
async function makeJob(parts: StartParts, post: Post, id: string): Promise<StartedJob> {
  const { clock, jobs, queue, quota } = parts;
  const { text, alertIds, query, answers, forward, payloadDigest, token } = post;
  const nowMs = await jobs.writeParts(id, { payload: text, alertIds, answers });
  const answered = new Map([...answers.keys()].map((index) => [index, ANSWERED]));
  const progress = withMarks(noProgress(alertIds.length), answered);
  const workMs = quota.expectBackground(pendingOf({ progress }).length) - clock.monotonicMs();
  const job = newJob({
    id,
    query,
    tokens: [digestOf(token)],
    progress,
    payloadDigest,
    alertsDigest: digestOfList(alertIds),
    createdAtMs: nowMs,
    trace: currentTrace(),
    expectedAtMs: nowMs + workMs + POLLING_MS,
    ...(forward ? { forward: forLater(forward) } : {}),
  });
  if (!(await jobs.create(job))) {
    const joined = await joinJob(parts, post, id, post.post);
    return typeof joined === 'object' ? joined : startJob(parts, post);
  }
  // Marked before there is a message: who finds a message without a state finds the mark.
  await jobs.markRunning(job);
  await queue.send(writeMessage(job), 0);
  return started(job, token, nowMs);
}

/** A reservation that is used later: whether it was a new one is not known any more by then. */
function forLater({ reservedAtMs: _, ...reservation }: Reservation): Reservation {
  return reservation;
}

function started({ id, ...job }: Job, token: string, nowMs: number): StartedJob {
  const view = viewJob({ id, ...job }, 0, nowMs);
  if (view.kind !== 'running') throw new TypeError('a job that was just joined runs');
  return { id, token, view };
}

/** A post with its digests: a caller's key or payload has no place in a blob's name. */
async function withDigests(request: JobRequest): Promise<Post> {
  const { text, query, dedupe, forward } = request;
  const payloadDigest = await digestOfText(text);
  // Whoever wants it forwarded must not join a job that does not.
  const where = forward?.destination ?? null;
  const post = sha256(['post', where, query, payloadDigest]);
  const key = dedupe === undefined ? post : sha256(['key', where, dedupe]);
  return { ...request, payloadDigest, key, post, token: newToken() };
}

function isSamePost({ post }: Post, reservedBy: string | undefined): boolean {
  return reservedBy === undefined || reservedBy === post;
}

function sha256(what: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(what)).digest('hex');
}

/** It shows nothing of the other post: whoever asks may not be who posted it. */
function dedupeReused(): RequestError {
  return new RequestError(
    'dedupe-reused',
    'This dedupe key was used for a post with another body or other options, and its job still runs. Nothing of this ' +
      'post was accepted: use a key of its own, or none.',
  );
}
