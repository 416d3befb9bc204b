import { randomUUID } from 'node:crypto';
import { withDeadline } from '../deadline.js';
import type { Deliveries } from '../delivery/deliveries.js';
import type { Order } from '../delivery/forwarding.js';
import type { EnrichedPayload, Enricher } from '../enrich.js';
import { DeadlineError, EnrichmentError, StorageError } from '../errors.js';
import type { Note } from '../occurrence.js';
import { type Message, writeMessage } from '../storage/message.js';
import { LEAST_WAIT_MS, orPutOff } from '../storage/put-off.js';
import type { QueueStore } from '../storage/queue-store.js';
import { inTrace } from '../trace.js';
import { type Composition, composeAnswer } from './compose.js';
import { ANSWERED, FAILED, type Job, pendingOf, withFailure, withMarks } from './job.js';
import type { JobStore } from './job-store.js';
import { nextTurn, shareOf } from './share.js';
import { abandon, claim, fail, finish, release, type Turn } from './transitions.js';
import { runTurn, type TurnParts } from './turn.js';

/** The final answer of a job as it is kept. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What working on jobs needs. */
export interface WorkParts extends TurnParts, Omit<Enricher, 'lookup'> {
  readonly jobs: JobStore;
  readonly queue: QueueStore;
  /** Where the host puts messages that it has given up. */
  readonly poison: QueueStore;
  readonly note: Note;
  /** Permits of a minute that background work may have. */
  readonly perMinute: number;
  /** Whether the options in a job's query ask for statistics. */
  readonly wantsStats: (query: string) => boolean;
  /** Take over what is to be forwarded. */
  readonly deliveries: Pick<Deliveries, 'accept' | 'bury'>;
  /** Makes the answer that the options in a job's query ask for. */
  readonly render: (enriched: EnrichedPayload, query: string) => KeptAnswer;
}

/** What a message came to, for the log. */
export type Worked = 'dropped' | 'put-off' | 'ended' | 'lost-claim' | 'goes-on';

const STATS_MS = 20_000;

/**
 * Works on a job for one turn, as a message says. Whatever happens to this process, the job goes on: a
 * message is acknowledged only when another one is in the queue or the job has ended, and an answer is
 * kept before it counts. A wait is a new message, never an error.
 *
 * @throws what should not happen; the host then delivers the message again, and at last to `giveUp`
 */
export function workOnJob(parts: WorkParts, message: Message): Promise<Worked> {
  const by = randomUUID();
  const giveBack = () => parts.jobs.change(message.id, (job) => ({ job: abandon(job, by) }));
  return orPutOff(parts, message, () => workAs(parts, message, by), giveBack);
}

async function workAs(parts: WorkParts, message: Message, by: string): Promise<Worked> {
  const decided = await parts.jobs.change(message.id, (job, nowMs) => {
    const verdict = claim(job, message.generation, by, nowMs);
    return { verdict, nowMs, job: verdict.kind === 'work' ? verdict.job : undefined };
  });
  if (!decided || decided.verdict.kind === 'drop') return 'dropped';
  const { verdict, nowMs } = decided;
  if (verdict.kind === 'look-again') {
    await parts.queue.send(writeMessage(message), verdict.atMs - nowMs + LEAST_WAIT_MS);
    return 'put-off';
  }
  return toldTurn(parts, verdict.job, nowMs, () =>
    workClaimed(parts, verdict.job, by, verdict.isTakeover, nowMs),
  );
}

/** Runs a turn on behalf of the request that posted the job, and tells of it. */
function toldTurn(
  { clock, note }: WorkParts,
  { id, generation, createdAtMs, trace }: Job,
  storeTimeMs: number,
  run: () => Promise<Worked>,
): Promise<Worked> {
  const startedAtMs = clock.epochMs();
  const beganMs = clock.monotonicMs();
  return inTrace(trace, async () => {
    let outcome: Worked | 'broken-off' = 'broken-off';
    try {
      outcome = await run();
      return outcome;
    } finally {
      const durationMs = clock.monotonicMs() - beganMs;
      const ageMs = storeTimeMs - createdAtMs + durationMs;
      note({ kind: 'job-turn', jobId: id, generation, outcome, ageMs, startedAtMs, durationMs });
    }
  });
}

async function workClaimed(
  parts: WorkParts,
  claimed: Job,
  by: string,
  isTakeover: boolean,
  storeTimeMs: number,
): Promise<Worked> {
  const { clock, jobs, queue, perMinute } = parts;
  const { id } = claimed;
  const beganMs = clock.monotonicMs();
  const alertIds = await jobs.alertIds(id);
  if (alertIds?.length !== claimed.progress.length) return endAsFailed(parts, id, PARTS_MISSING);
  const kept = jobs.answers(id);
  const job = isTakeover ? withAnswered(claimed, [...(await kept.all()).keys()]) : claimed;
  const running = await jobs.running();
  const turn = await runTurn(parts, job, alertIds, kept, shareOf(perMinute, running));
  const pending = pendingOf(turn).length;
  const next = nextTurn(turn, clock.monotonicMs());
  if (pending === 0) return end(parts, { ...job, ...turn }, alertIds, by);
  if (next.kind === 'give-up') return end(parts, givenUp({ ...job, ...turn }, turn.passing), alertIds, by);
  const waitMs = Math.max(LEAST_WAIT_MS, next.atMs - clock.monotonicMs());
  await queue.send(writeMessage({ id, generation: job.generation + 1 }), waitMs);
  const likelyMs = parts.quota.expectBackground(pending * Math.max(1, running)) - beganMs;
  const { progress, failures } = turn;
  const expectedAtMs = storeTimeMs + Math.max(likelyMs, next.atMs - beganMs);
  const released = await jobs.change(id, (current) => ({
    job: release(current, by, { progress, failures, fruitless: next.fruitless, expectedAtMs }),
  }));
  return released?.job ? 'goes-on' : 'lost-claim';
}

/** Makes the final answer and ends the job with it. */
async function end(parts: WorkParts, job: Job, alertIds: readonly string[], by: string): Promise<Worked> {
  const { jobs } = parts;
  const [text, answers] = await Promise.all([jobs.payload(job.id), jobs.answers(job.id).all()]);
  if (text === undefined) return endAsFailed(parts, job.id, PARTS_MISSING);
  const enriched = await compose(
    parts,
    { job, text, alertIds, answers },
    { stats: parts.wantsStats(job.query) },
  );
  const delivery = job.forward && (await parts.deliveries.accept(job.forward, enriched));
  const { status, headers, body } = parts.render(delivery ? { ...enriched, delivery } : enriched, job.query);
  await jobs.keepResult(job.id, body);
  const { progress, failures, fruitless, expectedAtMs } = job;
  const turn: Turn = { progress, failures, fruitless, expectedAtMs };
  const ended = await jobs.change(job.id, (current, nowMs) => ({
    job: finish(current, by, turn, { kind: 'answered', atMs: nowMs, status, headers }),
  }));
  await jobs.stopRunning(job.id);
  return ended?.job ? 'ended' : 'lost-claim';
}

function compose(
  parts: WorkParts,
  made: Composition,
  { stats }: { readonly stats: boolean },
): Promise<EnrichedPayload> {
  const { clock } = parts;
  const outOfTime = () => new DeadlineError('The time for statistics is over.');
  return withDeadline(clock, STATS_MS, outOfTime, (deadline) =>
    composeAnswer(parts, made, { stats, retryAtMs: clock.monotonicMs() }, deadline),
  );
}

/** Ends a job that cannot be worked on, and says why. What it was to forward is forwarded as it is. */
export async function endAsFailed(parts: WorkParts, id: string, reason: string): Promise<Worked> {
  const { jobs } = parts;
  const { job } = await jobs.read(id);
  const order = job?.end ? undefined : job?.forward;
  if (job && order) await forwardFailed(parts, job, order, reason);
  const whole = order ? `${reason} It was forwarded as it is: see the delivery ${order.id}.` : reason;
  await jobs.change(id, (current, nowMs) => ({ job: fail(current, whole, nowMs) }));
  await jobs.stopRunning(id);
  return 'ended';
}

/** Forwards what there is; as a dead letter when not even that can be put into the destination's form. */
async function forwardFailed(parts: WorkParts, job: Job, order: Order, reason: string): Promise<void> {
  const { jobs, deliveries } = parts;
  const text = await jobs.payload(job.id);
  if (text === undefined) return deliveries.bury(order, '', reason);
  const [alertIds = [], answers] = await Promise.all([jobs.alertIds(job.id), jobs.answers(job.id).all()]);
  const failed = givenUp(job, new EnrichmentError('job-failed', reason));
  try {
    const enriched = await compose(parts, { job: failed, text, alertIds, answers }, { stats: false });
    await deliveries.accept(order, enriched);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    await deliveries.bury(order, text, reason);
  }
}

const PARTS_MISSING =
  'What the job is made of is not in the storage account any more, or another version of the app wrote it. Post the alerts again.';

function withAnswered(job: Job, indices: readonly number[]): Job {
  return { ...job, progress: withMarks(job.progress, new Map(indices.map((index) => [index, ANSWERED]))) };
}

/** What is still pending has failed with the last failure. */
function givenUp(job: Job, passing: EnrichmentError | undefined): Job {
  const pending = pendingOf(job);
  return {
    ...job,
    progress: withMarks(job.progress, new Map(pending.map((index) => [index, FAILED]))),
    failures: passing ? withFailure(job.failures, pending, passing) : job.failures,
  };
}
