import { randomUUID } from 'node:crypto';
import type { Emit } from '../base/telemetry-event.js';
import { inTrace } from '../base/trace.js';
import { isUntouched } from '../queue-work/claim.js';
import { type Message, writeMessage } from '../queue-work/message.js';
import { LEAST_WAIT_MS, orPutOff, STORE_AWAY_MS } from '../queue-work/requeue.js';
import type { QueueStore } from '../storage/queue-store.js';
import { type Ended, type EndParts, end, endAsFailed, givenUp, PARTS_MISSING } from './end.js';
import { ANSWERED, type Job, pendingOf, withMarks } from './job.js';
import { nextTurn, shareOf } from './schedule.js';
import { abandon, claim, release } from './transitions.js';
import { runTurn, type TurnParts } from './turn.js';

/** What working on jobs needs. */
export interface WorkParts extends TurnParts, EndParts {
  readonly queue: QueueStore;
  /** Where the host puts messages that it has given up. */
  readonly poison: QueueStore;
  readonly emit: Emit;
  /** Permits of a minute that background work may have. */
  readonly perMinute: number;
}

/** What a message came to, for the log. */
export type Worked = Ended | 'dropped' | 'put-off' | 'goes-on';

const FAILED_ANYWAY =
  'The job failed again and again, for a reason that the log of the function app tells. Post the alerts again.';

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

/**
 * Ends a job whose message the host has given up. One whose turn was never begun failed by nothing of its own,
 * and its message goes back.
 */
export async function giveUpJob(parts: WorkParts, message: Message): Promise<void> {
  const { clock, jobs, queue, poison } = parts;
  await orPutOff({ clock, queue: poison }, message, async () => {
    const { job } = await jobs.read(message.id);
    if (job && !job.end && isUntouched(job, message)) await queue.send(writeMessage(message), STORE_AWAY_MS);
    else await endAsFailed(parts, message, FAILED_ANYWAY);
  });
}

/** Runs a turn on behalf of the request that posted the job, and tells of it. */
function toldTurn(
  { clock, emit }: WorkParts,
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
      emit({ kind: 'job-turn', jobId: id, generation, outcome, ageMs, startedAtMs, durationMs });
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
  if (alertIds?.length !== claimed.progress.length) return endAsFailed(parts, claimed, PARTS_MISSING);
  const kept = jobs.answers(id);
  const job = isTakeover ? withAnswered(claimed, [...(await kept.all()).keys()]) : claimed;
  const running = await jobs.running();
  const turn = await runTurn(parts, job, alertIds, kept, shareOf(perMinute, running));
  const pending = pendingOf(turn).length;
  const next = nextTurn(turn, clock.monotonicMs());
  if (pending === 0) return end(parts, { ...job, ...turn }, { by, alertIds });
  if (next.kind === 'give-up') {
    const { passing } = turn;
    const retryAtMs = passing?.retryAtMs;
    return end(parts, givenUp({ ...job, ...turn }, passing), { by, alertIds, retryAtMs });
  }
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

function withAnswered(job: Job, indices: readonly number[]): Job {
  return { ...job, progress: withMarks(job.progress, new Map(indices.map((index) => [index, ANSWERED]))) };
}
