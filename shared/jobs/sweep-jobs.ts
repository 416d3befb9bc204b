import type { Clock } from '../base/clock.js';
import { writeMessage } from '../queue-work/message.js';
import type { BlobPage, BlobStore } from '../storage/blob-store.js';
import { inBatches, isOlder, type Listed, pages } from '../storage/pages.js';
import type { QueueStore } from '../storage/queue-store.js';
import type { Swept } from '../storage/sweep.js';
import { JOB_TEXT } from './job.js';
import type { JobPlaces } from './places.js';
import { GONE_MS } from './transitions.js';

const DAY_MS = 86_400_000;

/** What a sweep of jobs works with. */
export interface JobSweep {
  readonly store: BlobStore;
  readonly queue: QueueStore;
  readonly clock: Clock;
  readonly places: JobPlaces;
  /** How long results are kept. */
  readonly resultHours: number;
}

/**
 * Deletes jobs that have had their time, a batch after another, until none is left or the time is up.
 *
 * The state of a running job is written at least every hour, that of an ended one never again. So one
 * that is older than the time for which results and their traces are kept is of no use to anyone; nor is
 * any part as old whose job has no younger state, such as one that was never begun. One that has not ended and
 * is older than a day was let down, by an app that was stopped for days or a queue that somebody has cleared: it
 * is sent a message, since its result may have been promised to a destination.
 *
 * @throws {StorageError} when the store is down
 */
export async function sweepJobs(sweep: JobSweep, longestMs: number): Promise<Swept> {
  const { store, clock, places } = sweep;
  const untilMs = clock.monotonicMs() + longestMs;
  const isTimeUp = () => clock.monotonicMs() >= untilMs;
  const { alive, expired, seen, finished } = await sortStates(sweep, isTimeUp);
  const counts = { seen, deleted: 0 };
  if (!finished) return { ...counts, finished };
  for (const folder of [places.parts, places.running, places.same]) {
    for await (const page of pages(store, folder)) {
      counts.seen += page.blobs.length;
      const old = page.blobs.filter((blob) => isOld(sweep, page, blob) && !alive.has(places.idIn(blob.name)));
      if (!(await deleteAll(old))) return { ...counts, finished: false };
    }
  }
  // States last: a sweep that was cut before finds them again tomorrow.
  const isDone = await deleteAll(expired);
  return { ...counts, finished: isDone };

  /** @returns false when the time is up */
  function deleteAll(blobs: readonly Listed[]): Promise<boolean> {
    return inBatches(blobs, isTimeUp, async ({ name, etag }) => {
      await store.delete(name, etag);
      counts.deleted++;
    });
  }
}

/** Ids of jobs that are still of use, and the states of those that are not; not all of them when the time was up. */
async function sortStates(sweep: JobSweep, isTimeUp: () => boolean) {
  const alive = new Set<string>();
  const expired: Listed[] = [];
  const { store, places } = sweep;
  const sorted = { alive, expired, seen: 0, finished: false };
  const running = new Set<string>();
  for await (const { blobs } of pages(store, places.running)) {
    if (isTimeUp()) return sorted;
    for (const { name } of blobs) running.add(places.idIn(name));
  }
  for await (const page of pages(store, places.states)) {
    sorted.seen += page.blobs.length;
    for (const blob of page.blobs) {
      if (isTimeUp()) return sorted;
      const id = places.idIn(blob.name);
      const isLetDown = running.has(id) && isOlder(page, blob, DAY_MS);
      const isUseful = (isLetDown && (await goesOn(sweep, blob))) || !isOld(sweep, page, blob);
      if (isUseful) alive.add(id);
      else expired.push(blob);
    }
  }
  return { ...sorted, finished: true };
}

/** Whether a job has not ended; then it is sent a message, and one too many does nothing. */
async function goesOn({ store, queue }: JobSweep, { name }: Listed): Promise<boolean> {
  const { blob } = await store.read(name);
  const job = blob && JOB_TEXT.read(blob.text);
  if (!job) return blob !== undefined; // another version's
  if (job.end) return false;
  await queue.send(writeMessage(job), 0);
  return true;
}

function isOld({ resultHours }: JobSweep, page: BlobPage, blob: Listed): boolean {
  return isOlder(page, blob, resultHours * 3_600_000 + GONE_MS);
}
