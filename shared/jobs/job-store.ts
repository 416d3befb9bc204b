import type { BlobStore } from '../storage/blob-store.js';
import { type ChangeParts, Changes, readState } from '../storage/change.js';
import { AnswerBlobs, type Answers } from './answers.js';
import { JOB_TEXT, type Job } from './job.js';
import type { JobPlaces } from './places.js';

/** What the store of jobs is made of. */
export interface JobStoreParts extends ChangeParts {
  /** For payloads and what is made of them. */
  readonly large: BlobStore;
  readonly places: JobPlaces;
}

/** A job and the store's time when it was read. */
export interface StoredJob {
  readonly job: Job | undefined;
  readonly storeTimeMs: number;
}

/** What a job is made of when it is posted. */
export interface JobContents {
  readonly payload: string;
  readonly alertIds: readonly string[];
  /** Answers that there are already. */
  readonly answers: Answers;
}

/** Jobs in blobs. Every method throws {StorageError} when the store is down. */
export class JobStore {
  readonly #parts: JobStoreParts;
  readonly #changes: Changes<Job>;

  constructor(parts: JobStoreParts) {
    this.#parts = parts;
    this.#changes = new Changes(parts, JOB_TEXT);
  }

  async read(id: string): Promise<StoredJob> {
    const { clock, store, places } = this.#parts;
    const { blob, storeTimeMs } = await store.read(places.state(id));
    return { job: readState(JOB_TEXT, blob, clock.monotonicMs()), storeTimeMs };
  }

  /**
   * Writes all that a job is made of, and then the job, of which nobody knows yet.
   * @param makeJob gets the store's time
   */
  async create(
    id: string,
    { payload, alertIds, answers }: JobContents,
    makeJob: (nowMs: number) => Job,
  ): Promise<Job> {
    const { store, large, places } = this.#parts;
    const [{ storeTimeMs }] = await Promise.all([
      store.write(places.alerts(id), JSON.stringify(alertIds), 'any'),
      large.write(places.payload(id), payload, 'any'),
      store.write(`${places.running}${id}`, '', 'any'),
      this.answers(id).keep(answers),
    ]);
    const job = makeJob(storeTimeMs);
    await store.write(places.state(id), JOB_TEXT.write(job), 'any');
    return job;
  }

  /**
   * Changes a job by compare-and-swap.
   * @param decide pure, for it may be asked again; says no `job` when there is nothing to write
   * @returns the last decision, or undefined when there is no such job
   * @throws {StorageError} also when others are always faster
   */
  change<T extends { readonly job?: Job | undefined }>(
    id: string,
    decide: (job: Job, nowMs: number) => T,
  ): Promise<T | undefined> {
    const name = this.#parts.places.state(id);
    return this.#changes.change(name, decide, ({ job }) => job);
  }

  /** How many jobs are said to run. */
  async running(): Promise<number> {
    const { store, places } = this.#parts;
    const { blobs } = await store.list(places.running);
    return blobs.length;
  }

  /** Says no more that a job runs. */
  async stopRunning(id: string): Promise<void> {
    const { store, places } = this.#parts;
    const name = `${places.running}${id}`;
    const { blobs } = await store.list(name);
    for (const { etag } of blobs) await store.delete(name, etag);
  }

  async payload(id: string): Promise<string | undefined> {
    return (await this.#parts.large.read(this.#parts.places.payload(id))).blob?.text;
  }

  async alertIds(id: string): Promise<readonly string[] | undefined> {
    const { blob } = await this.#parts.store.read(this.#parts.places.alerts(id));
    return blob && JSON.parse(blob.text);
  }

  answers(id: string): AnswerBlobs {
    // One alert can have a hundred thousand addresses.
    return new AnswerBlobs(this.#parts.large, this.#parts.places.answers(id));
  }

  async keepResult(id: string, body: string): Promise<void> {
    await this.#parts.large.write(this.#parts.places.result(id), body, 'any');
  }

  async result(id: string): Promise<string | undefined> {
    return (await this.#parts.large.read(this.#parts.places.result(id))).blob?.text;
  }

  /** The job that an equal post began, and what it takes to put another one in its place. */
  async same(digest: string): Promise<{ readonly id: string; readonly etag: string } | undefined> {
    const { blob } = await this.#parts.store.read(`${this.#parts.places.same}${digest}`);
    return blob && { id: blob.text, etag: blob.etag };
  }

  /** @returns whether it was written: false when somebody else was faster */
  async setSame(
    digest: string,
    id: string,
    instead: { readonly etag: string } | undefined,
  ): Promise<boolean> {
    const name = `${this.#parts.places.same}${digest}`;
    const { etag } = await this.#parts.store.write(name, id, instead ? { etag: instead.etag } : 'absent');
    return etag !== undefined;
  }
}
