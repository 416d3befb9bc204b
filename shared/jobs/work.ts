import type { Emit } from '../base/telemetry-event.js';
import { inTrace } from '../base/trace.js';
import { type Message, writeMessage } from '../queue-work/message.js';
import {
  type Claimed,
  giveUpMessage,
  type Handled,
  LEAST_WAIT_MS,
  type QueueParts,
  runMessage,
  type Work,
} from '../queue-work/run-message.js';
import { release } from '../queue-work/work-item.js';
import {
  type Ended,
  type EndParts,
  end,
  endAsFailed,
  endWithoutState,
  givenUp,
  mustExist,
  PARTS_MISSING,
  sayEnded,
} from './end.js';
import type { InFlight } from './in-flight.js';
import { ANSWERED, type Job, pendingOf, withMarks } from './job.js';
import { runSlice, type SliceParts } from './slice.js';
import { EXTEND_MS, extendLease, LEASE_MS, nextSlice, shareOf } from './transitions.js';

/** What working on jobs needs. */
export interface WorkParts extends SliceParts, EndParts, QueueParts {
  readonly emit: Emit;
  /** Permits of a minute that background work may have. */
  readonly perMinute: number;
  readonly inFlight: InFlight;
}

/** What a slice of work comes to. */
type Sliced = Ended | 'goes-on';

/** What a message came to, for the log. */
export type Worked = Sliced | Handled;

const FAILED_ANYWAY =
  'The job failed again and again, for a reason that the log of the function app tells. Post the alerts again.';
const KILLS =
  'The process that made its answer died of it, twice. Post fewer alerts at once, or a smaller payload.';

/** How often an answer is begun whose maker dies each time (a choice): the second time no other job is beside it. */
const MOST_COMPOSINGS = 2;

/**
 * Works on a job for one slice, as a message says. Whatever happens to this process, the job goes on: an answer is
 * kept before it counts, and a wait is a new message, never an error.
 *
 * @param dequeueCount how often the host has handed this message over: more than once, if its worker died or failed
 * @throws what should not happen; the host then delivers the message again, and at last to `giveUp`
 */
export function workOnJob(parts: WorkParts, message: Message, dequeueCount: number): Promise<Worked> {
  return runMessage(parts, workOf(parts, dequeueCount), message);
}

/**
 * Ends a job whose message the host has given up. One that was never begun failed by nothing of its own, and its
 * message goes back.
 */
export function giveUpJob(parts: WorkParts, message: Message): Promise<void> {
  return giveUpMessage(parts, workOf(parts, 1), message);
}

function workOf(parts: WorkParts, dequeueCount: number): Work<Job, Sliced> {
  const { jobs, inFlight, queue } = parts;
  // How often its worker died while it made the answer. What fails gives its lease back, and a storage that is away
  // brings a new message: both are no deaths.
  let deaths = 0;
  return {
    store: jobs,
    leaseMs: () => LEASE_MS,
    admit: (job, message) => {
      const hasDied = dequeueCount > 1 && job.claim !== undefined && job.claim.untilMs > 0;
      deaths = hasDied ? (job.composing ?? 0) : 0;
      return inFlight.admit(message, deaths > 0);
    },
    turn: (claimed) =>
      inFlight.run(claimed.item, () =>
        inTelemetry(parts, claimed, () =>
          whileExtending(parts, claimed, () =>
            deaths < MOST_COMPOSINGS
              ? workClaimed(parts, claimed, deaths)
              : endAsFailed(parts, claimed.item, { reason: KILLS }),
          ),
        ),
      ),
    dropped: (job) => sayEnded(parts, job),
    giveUp: (message) => endAsFailed(parts, message, { reason: FAILED_ANYWAY }),
    stateLost: async (message) => {
      if (!(await endWithoutState(parts, message))) await queue.send(writeMessage(message), LEAST_WAIT_MS);
    },
  };
}

/** Runs a slice on behalf of the request that posted the job, and emits what came of it. */
function inTelemetry(
  { clock, emit }: WorkParts,
  { item: { id, generation, createdAtMs, trace }, nowMs }: Claimed<Job>,
  run: () => Promise<Sliced>,
): Promise<Sliced> {
  const startedAtMs = clock.epochMs();
  const beganMs = clock.monotonicMs();
  return inTrace(trace, async () => {
    let outcome: Sliced | 'broken-off' = 'broken-off';
    try {
      outcome = await run();
      return outcome;
    } finally {
      const durationMs = clock.monotonicMs() - beganMs;
      const ageMs = nowMs - createdAtMs + durationMs;
      emit({ kind: 'job-turn', jobId: id, generation, outcome, ageMs, startedAtMs, durationMs });
    }
  });
}

/** Extends the lease as long as the work lasts. Should that fail, the next time makes up for it, or the lease is over. */
async function whileExtending<T>(
  { clock, jobs, inFlight }: WorkParts,
  { item: { id }, by }: Claimed<Job>,
  work: () => Promise<T>,
): Promise<T> {
  let isOver = false;
  let off = () => {};
  const extendLater = () => {
    if (isOver) return;
    off = clock.alarm(EXTEND_MS, () => {
      if (inFlight.isStopping) return; // another instance is to go on soon
      void jobs
        .change(id, (job, nowMs) => ({ next: extendLease(job, by, nowMs) }))
        .catch(() => {})
        .then(extendLater);
    });
  };
  extendLater();
  try {
    return await work();
  } finally {
    isOver = true;
    off();
  }
}

/** @param deaths workers that have died while they made this job's answer */
async function workClaimed(
  parts: WorkParts,
  { item: claimed, by, isTakeover, nowMs: storeTimeMs }: Claimed<Job>,
  deaths: number,
): Promise<Sliced> {
  const { clock, jobs, queue, perMinute, inFlight } = parts;
  const { id } = claimed;
  const beganMs = clock.monotonicMs();
  const alertIds = await jobs.alertIds(claimed);
  if (!alertIds) return endAsFailed(parts, claimed, { reason: PARTS_MISSING });
  const kept = jobs.answers(id, alertIds);
  const job = isTakeover ? withAnswered(claimed, [...(await kept.all()).keys()]) : claimed;
  const running = await jobs.running();
  const slice = await runSlice(parts, job, alertIds, kept, shareOf(perMinute, running), inFlight);
  const last = { by, claimed, alertIds, deaths };
  const pending = pendingOf(slice).length;
  if (pending === 0) return end(parts, { ...job, ...slice }, last);
  const nowMs = clock.monotonicMs();
  const next = inFlight.isStopping
    ? ({ kind: 'slice', atMs: nowMs, fruitless: job.fruitless } as const)
    : nextSlice(slice, nowMs);
  if (next.kind === 'give-up') {
    const { passing } = slice;
    return end(parts, givenUp({ ...job, ...slice }, passing), { ...last, retryAtMs: passing?.retryAtMs });
  }
  await queue.send(
    writeMessage({ id, generation: job.generation + 1 }),
    Math.max(LEAST_WAIT_MS, next.atMs - clock.monotonicMs()),
  );
  const likelyMs = parts.quota.expectBackground(pending * Math.max(1, running)) - beganMs;
  const { progress, failures } = slice;
  const expectedAtMs = storeTimeMs + Math.max(likelyMs, next.atMs - beganMs);
  const { fruitless } = next;
  const changes = { progress, failures, fruitless, expectedAtMs, composing: undefined };
  const released = mustExist(
    await jobs.change(id, (current) => ({ next: release(current, by, changes) }), claimed),
    id,
  );
  return released.next ? 'goes-on' : 'lost-claim';
}

function withAnswered(job: Job, indices: readonly number[]): Job {
  return { ...job, progress: withMarks(job.progress, new Map(indices.map((index) => [index, ANSWERED]))) };
}
