import type { Clock } from '../clock.js';
import type { BlobPage, BlobStore } from '../storage/blob-store.js';
import { pages } from '../storage/pages.js';
import type { Swept } from '../storage/sweep.js';
import type { JobPlaces } from './places.js';
import { GONE_MS } from './transitions.js';

/** Deletions under way at once. */
const BATCH = 16;

/** What a sweep of jobs works with. */
export interface JobSweep {
  readonly store: BlobStore;
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
 * any part as old whose job has no younger state, such as one that was never begun.
 *
 * @throws {StorageError} when the store is down
 */
export async function sweepJobs(sweep: JobSweep, longestMs: number): Promise<Swept> {
  const { store, clock, places } = sweep;
  const untilMs = clock.monotonicMs() + longestMs;
  const { alive, expired, seen } = await sortStates(sweep);
  const counts = { seen, deleted: 0 };
  for (const folder of [places.parts, places.running, places.same]) {
    for await (const page of pages(store, folder)) {
      counts.seen += page.blobs.length;
      const old = page.blobs.filter((blob) => isOld(sweep, page, blob) && !alive.has(places.idIn(blob.name)));
      if (!(await deleteAll(old))) return { ...counts, finished: false };
    }
  }
  // States last: a sweep that was cut before finds them again tomorrow.
  const finished = await deleteAll(expired);
  return { ...counts, finished };

  /** @returns false when the time is up */
  async function deleteAll(blobs: readonly Listed[]): Promise<boolean> {
    for (let first = 0; first < blobs.length; first += BATCH) {
      if (clock.monotonicMs() >= untilMs) return false;
      const batch = blobs.slice(first, first + BATCH);
      await Promise.all(batch.map(({ name, etag }) => store.delete(name, etag)));
      counts.deleted += batch.length;
    }
    return true;
  }
}

type Listed = BlobPage['blobs'][number];

/** Ids of jobs that are still of use, and the states of those that are not. */
async function sortStates(sweep: JobSweep) {
  const alive = new Set<string>();
  const expired: Listed[] = [];
  let seen = 0;
  for await (const page of pages(sweep.store, sweep.places.states)) {
    seen += page.blobs.length;
    for (const blob of page.blobs) {
      if (isOld(sweep, page, blob)) expired.push(blob);
      else alive.add(sweep.places.idIn(blob.name));
    }
  }
  return { alive, expired, seen };
}

function isOld({ resultHours }: JobSweep, { storeTimeMs }: BlobPage, { lastModifiedMs }: Listed): boolean {
  return storeTimeMs - lastModifiedMs > resultHours * 3_600_000 + GONE_MS;
}
