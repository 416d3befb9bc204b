import type { Emit } from '../base/telemetry-event.js';
import { inTrace } from '../base/trace.js';
import type { SourcesOption } from '../lookup/source-choice.js';
import type { AlertLookup } from '../lookup/sources-lookup.js';
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
import { type EndParts, end } from './end.js';
import {
  type Ended,
  endAsFailed,
  endWithoutState,
  givenUp,
  mustExist,
  PARTS_MISSING,
  tidyUp,
} from './fail.js';
import type { InFlight } from './in-flight.js';
import { ANSWERED, FAILED, type Job, pendingOf, withFailure, withMarks } from './job.js';
import { runSlice, type SliceResult } from './slice.js';
import { EXTEND_MS, extendLease, LEASE_MS, type Next, nextSlice, shareOf } from './transitions.js';

/** What working on jobs needs. */
export interface WorkParts extends EndParts, QueueParts {
  /** Looks alerts up with the permits that background work may have. */
  readonly lookup: AlertLookup;
  /** Which sources the options in a job's query want to be asked. */
  readonly wantedSources: (query: string) => SourcesOption;
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

/**
 * How often an answer is begun whose maker dies each time (a choice): the second time no other job is beside
 * it.
 */
const MOST_COMPOSINGS = 2;

/**
 * Works on a job for one slice, as a message says. Whatever happens to this process, the job goes on: an
 * answer is kept before it counts, and a wait is a new message, never an error.
 *
 * @param dequeueCount how often the host has handed this message over: more than once, if its worker died or
 *   failed
 * @throws what should not happen; the host then delivers the message again, and at last to `giveUp`
 */
export function workOnJob(parts: WorkParts, message: Message, dequeueCount: number): Promise<Worked> {
  return runMessage(parts, workOf(parts, dequeueCount), message);
}

/**
 * Ends a job whose message the host has given up. One that was never begun failed by nothing of its own, and
 * its message goes back.
 */
export function giveUpJob(parts: WorkParts, message: Message): Promise<void> {
  return giveUpMessage(parts, workOf(parts, 1), message);
}

function workOf(parts: WorkParts, dequeueCount: number): Work<Job, Sliced> {
  const { jobs, inFlight, queue } = parts;
  // How often its worker died while it made the answer. What fails gives its lease back, and a storage that
  // is away brings a new message: both are no deaths.
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
    dropped: (job) => tidyUp(parts, job),
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

/**
 * Extends the lease as long as the work lasts. Should that fail, the next time makes up for it, or the lease
 * is over.
 */
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
async function workClaimed(parts: WorkParts, claimed: Claimed<Job>, deaths: number): Promise<Sliced> {
  const { clock, jobs, lookup, inFlight } = parts;
  const { item, by, isTakeover } = claimed;
  const beganMs = clock.monotonicMs();
  const alertIds = await jobs.alertIds(item);
  if (!alertIds) return endAsFailed(parts, item, { reason: PARTS_MISSING });
  const kept = jobs.answers(item.id, alertIds);
  const job = isTakeover ? withAnswered(item, [...(await kept.all()).keys()]) : item;
  const sources = parts.wantedSources(job.query);
  const running = Math.max(1, await jobs.running());
  const share = shareOf(parts.perMinute, running);
  const slice = await runSlice(
    parts,
    {
      keys: new Map(pendingOf(job).map((place) => [place, alertIds[place] ?? ''])),
      find: (alertId, deadline) => lookup.find(alertId, deadline, sources),
      keep: (place, found) => kept.keep(new Map([[place, found]])),
      share,
    },
    inFlight,
  );
  const sliced = withSlice(job, slice);
  const pending = pendingOf(sliced).length;
  const next = nextSlice(
    { ...slice, fruitless: job.fruitless, isStopping: inFlight.isStopping },
    clock.monotonicMs(),
  );
  const last = { by, claimed: item, alertIds, deaths, share, inFlight };
  const begun = { parts, claimed, running, beganMs };
  if (pending > 0 && next.kind === 'slice') return goOn(begun, sliced, next, pending);
  // What is given up is not asked again; whatever else is wanted of the job may still be had.
  const finished = pending > 0 ? givenUp(sliced, slice.passing) : sliced;
  const ended = await end(parts, finished, { ...last, retryAtMs: slice.passing?.retryAtMs });
  return typeof ended === 'object' ? goOn(begun, finished, ended.next, ended.pending) : ended;
}

/** A slice that has begun. */
interface BegunSlice {
  readonly parts: WorkParts;
  readonly claimed: Claimed<Job>;
  /** Jobs that run. */
  readonly running: number;
  readonly beganMs: number;
}

/**
 * Ends a slice that left something: sends the message for the next one, and releases the job.
 * @param pending lookups that are left
 */
async function goOn(
  { parts, claimed: { item, by, nowMs: storeTimeMs }, running, beganMs }: BegunSlice,
  { progress, failures }: Job,
  { atMs, fruitless }: Next & { readonly kind: 'slice' },
  pending: number,
): Promise<Sliced> {
  const { clock, jobs, queue, quota } = parts;
  const { id } = item;
  const waitMs = Math.max(LEAST_WAIT_MS, atMs - clock.monotonicMs());
  await queue.send(writeMessage({ id, generation: item.generation + 1 }), waitMs);
  const likelyMs = quota.expectBackground(pending * running) - beganMs;
  const expectedAtMs = storeTimeMs + Math.max(likelyMs, atMs - beganMs);
  const changes = { progress, failures, fruitless, expectedAtMs, composing: undefined };
  const released = mustExist(
    await jobs.change(id, (current) => ({ next: release(current, by, changes) }), item),
    id,
  );
  return released.next ? 'goes-on' : 'lost-claim';
}

function withAnswered(job: Job, places: readonly number[]): Job {
  return { ...job, progress: withMarks(job.progress, new Map(places.map((place) => [place, ANSWERED]))) };
}

function withSlice(job: Job, { found, failed }: SliceResult): Job {
  const marks = [
    ...found.map((place) => [place, ANSWERED]),
    ...[...failed.keys()].map((place) => [place, FAILED]),
  ];
  let { failures } = job;
  for (const [place, error] of failed) failures = withFailure(failures, [place], error);
  return { ...job, progress: withMarks(job.progress, new Map(marks as [number, string][])), failures };
}
