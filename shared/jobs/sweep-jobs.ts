import type { Clock } from '../base/clock.js';
import { writeMessage } from '../queue-work/message.js';
import { sweepWork } from '../queue-work/sweep-work.js';
import { DamagedStateError, OtherVersionError } from '../queue-work/work-store.js';
import type { BlobStore } from '../storage/blob-store.js';
import { inBatches, isOlder, pages } from '../storage/pages.js';
import type { QueueStore } from '../storage/queue-store.js';
import type { Swept } from '../storage/sweep.js';
import type { JobPlaces, JobStore } from './job-store.js';
import { GONE_MS } from './transitions.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Long enough that somebody who was on leave can still find out what happened (a choice). */
const SET_ASIDE_KEPT_MS = 30 * DAY_MS;

/** What a sweep of jobs works with. */
export interface SweepParts {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly store: BlobStore;
  readonly places: JobPlaces;
  readonly jobs: JobStore;
  readonly queue: QueueStore;
  /** How long results are kept. */
  readonly resultHours: number;
}

/**
 * Looks after the jobs that have been marked as running for a day, and deletes what has had its time.
 *
 * The state of a running job is written at least every hour, that of an ended one never again. So a job that
 * has been running for a day may be without a message, since the app was stopped for days or somebody has
 * cleared the queue: it is sent one, since its result may have been promised to a destination. One too many
 * does nothing.
 *
 * @throws {StorageError} when the store is down
 */
export async function sweepJobs(parts: SweepParts, longestMs: number): Promise<Swept> {
  const { clock, random, store, places, jobs, queue, resultHours } = parts;
  const untilMs = clock.monotonicMs() + longestMs;
  const keptMs = resultHours * HOUR_MS + GONE_MS;
  const marks = await sweepMarks(parts, untilMs);
  const swept = await sweepWork(
    {
      clock,
      random,
      store,
      items: jobs,
      queue,
      places,
      isToBeRead: (_id, ageMs) => ageMs > keptMs,
      needsRequeue: ({ end }) => end === undefined,
      isExpired: () => true,
      stateLost: (id) => queue.send(writeMessage({ id, generation: 0 }), 0),
      parts: [
        { folder: places.parts, olderThanMs: keptMs },
        { folder: places.same, olderThanMs: keptMs },
        { folder: places.setAside, olderThanMs: SET_ASIDE_KEPT_MS },
      ],
    },
    untilMs - clock.monotonicMs(),
  );
  return {
    seen: marks.seen + swept.seen,
    deleted: marks.deleted + swept.deleted,
    finished: marks.finished && swept.finished,
  };
}

/**
 * Takes marks away that say that an ended job runs, and sends a message for each other job, whatever its
 * state is like.
 */
async function sweepMarks(
  { store, queue, clock, places, jobs }: SweepParts,
  untilMs: number,
): Promise<Swept> {
  const counts = { seen: 0, deleted: 0 };
  const isTimeUp = () => clock.monotonicMs() >= untilMs;
  for await (const page of pages(store, places.running)) {
    counts.seen += page.blobs.length;
    const old = page.blobs.filter((blob) => isOlder(page, blob, DAY_MS));
    const isDone = await inBatches(old, isTimeUp, async ({ name, etag }) => {
      const id = places.idIn(name);
      const job = await jobs.read(id).then(
        ({ item }) => item,
        (error) => {
          // Its worker finds out what is to be done.
          if (error instanceof DamagedStateError || error instanceof OtherVersionError) return undefined;
          throw error;
        },
      );
      if (!job?.end) return queue.send(writeMessage(job ?? { id, generation: 0 }), 0);
      await store.delete(name, etag);
      counts.deleted++;
    });
    if (!isDone) return { ...counts, finished: false };
  }
  return { ...counts, finished: true };
}
