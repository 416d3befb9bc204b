import { isEndpointAlertId } from '../base/alert-id.js';
import { Places } from '../queue-work/blob-names.js';
import { isId } from '../queue-work/message.js';
import { WorkStore, type WorkStoreParts } from '../queue-work/work-store.js';
import type { BlobStore } from '../storage/blob-store.js';
import { AnswerBlobs, type Answers } from './answers.js';
import { JOB_FORMAT, type Job } from './job.js';
import { StatsBlobs } from './stats.js';
import { digestOf, digestOfText } from './token.js';

/** Where an app's jobs are kept. */
export class JobPlaces extends Places {
  constructor(app: string) {
    super('jobs', app);
  }

  /** Blobs that say that a job runs, by its id. */
  get running(): string {
    return `${this.folder}running/`;
  }

  /** What a job is made of, by its id. */
  get parts(): string {
    return `${this.folder}parts/`;
  }

  payload(id: string): string {
    return `${this.parts}${id}/payload.json`;
  }

  alerts(id: string): string {
    return `${this.parts}${id}/alerts.json`;
  }

  result(id: string): string {
    return `${this.parts}${id}/result`;
  }

  answers(id: string): string {
    return `${this.parts}${id}/answers/`;
  }

  stats(id: string): string {
    return `${this.parts}${id}/stats/`;
  }
}

/** What the store of jobs is made of. */
export interface JobStoreParts extends WorkStoreParts {
  /** For payloads and what is made of them. */
  readonly large: BlobStore;
  readonly places: JobPlaces;
}

/** What a job is made of when it is posted. */
export interface JobContents {
  readonly payload: string;
  readonly alertIds: readonly string[];
  /** Answers that there are already. */
  readonly answers: Answers;
}

/** The job that an idempotency key belongs to. */
export interface KeyHolder {
  /** Undefined when the blob holds no id: then the key is free. */
  readonly id: string | undefined;
  /** Digest of the post that reserved it; undefined when version 0.1 of the app did. */
  readonly post: string | undefined;
  /** What it takes to put another job in its place. */
  readonly etag: string;
  readonly ageMs: number;
}

/** Jobs in blobs. Every method throws {StorageError} when the store is down. */
export class JobStore extends WorkStore<Job> {
  readonly #parts: JobStoreParts;

  constructor(parts: JobStoreParts) {
    super(parts, JOB_FORMAT);
    this.#parts = parts;
  }

  /**
   * Writes all that a job is made of, and not the job. Done twice, it is the same.
   * @returns the store's time
   */
  async writeParts(id: string, { payload, alertIds, answers }: JobContents): Promise<number> {
    const { store, large, places } = this.#parts;
    const [{ storeTimeMs }] = await Promise.all([
      store.write(places.alerts(id), JSON.stringify(alertIds), 'any'),
      large.write(places.payload(id), payload, 'any'),
      this.answers(id, alertIds).keep(answers),
    ]);
    return storeTimeMs;
  }

  /** Marks a job as running; the mark holds the job as it is now, should its state be lost. */
  async markRunning(job: Job): Promise<void> {
    const { store, places } = this.#parts;
    const text = JSON.stringify({ version: JOB_FORMAT.versionOf(job), ...job });
    await store.write(`${places.running}${job.id}`, text, 'any');
  }

  /**
   * How many jobs are marked as running; of more than a page of them, that page: shares are the least ones by
   * then.
   */
  async running(): Promise<number> {
    const { store, places } = this.#parts;
    const { blobs } = await store.list(places.running);
    return blobs.length;
  }

  /** A running job as it was when it was marked; undefined where there is no mark, or one of version 0.1. */
  async marked(id: string): Promise<Job | undefined> {
    const { store, places } = this.#parts;
    const { blob } = await store.read(`${places.running}${id}`);
    const { version, ...value } = (blob && parsed(blob.text)) ?? {};
    return version === JOB_FORMAT.newest && value.id === id ? JOB_FORMAT.read(value) : undefined;
  }

  /**
   * Takes the mark away.
   * @param before called first if there is one
   */
  async stopRunning(id: string, before: () => void = () => {}): Promise<void> {
    const { store, places } = this.#parts;
    const name = `${places.running}${id}`;
    const { blobs } = await store.list(name);
    if (blobs.length > 0) before();
    for (const { etag } of blobs) await store.delete(name, etag);
  }

  /** The payload as it was posted; undefined when it is gone, or is another one by now. */
  async payload({ id, payloadDigest }: Job): Promise<string | undefined> {
    const { blob } = await this.#parts.large.read(this.#parts.places.payload(id));
    if (!blob || payloadDigest === undefined) return blob?.text;
    return (await digestOfText(blob.text)) === payloadDigest ? blob.text : undefined;
  }

  /** The alerts by their places; undefined when the list is gone, or is another one by now. */
  async alertIds({ id, progress, alertsDigest }: Job): Promise<readonly string[] | undefined> {
    const { blob } = await this.#parts.store.read(this.#parts.places.alerts(id));
    const list = blob && parsed(blob.text);
    const isText = (one: unknown) => typeof one === 'string';
    if (!Array.isArray(list) || list.length !== progress.length || !list.every(isText)) return undefined;
    // Version 0.1.0 kept no digest, and knew alerts of Defender for Endpoint only.
    const isWhole =
      alertsDigest === undefined ? list.every(isEndpointAlertId) : alertsDigest === digestOfList(list);
    return isWhole ? list : undefined;
  }

  answers(id: string, alertIds: readonly string[]): AnswerBlobs {
    // One alert can have a hundred thousand addresses.
    const { clock, large, places } = this.#parts;
    return new AnswerBlobs(clock, large, places.answers(id), alertIds);
  }

  stats(id: string): StatsBlobs {
    const { clock, store, places } = this.#parts;
    return new StatsBlobs(clock, store, places.stats(id));
  }

  async keepResult(id: string, body: string): Promise<void> {
    await this.#parts.large.write(this.#parts.places.result(id), body, 'any');
  }

  async result(id: string): Promise<string | undefined> {
    return (await this.#parts.large.read(this.#parts.places.result(id))).blob?.text;
  }

  /** Whom an idempotency key belongs to, if it was reserved. */
  async holder(key: string): Promise<KeyHolder | undefined> {
    const { blob, storeTimeMs } = await this.#parts.store.read(`${this.#parts.places.same}${key}`);
    if (!blob) return undefined;
    const { etag, lastModifiedMs, text } = blob;
    const ageMs = storeTimeMs - lastModifiedMs;
    if (isId(text)) return { id: text, post: undefined, etag, ageMs }; // version 0.1 wrote it
    const { id, post } = parsed(text) ?? {};
    return { id: isId(id) ? id : undefined, post: typeof post === 'string' ? post : undefined, etag, ageMs };
  }

  /**
   * Reserves an idempotency key for a job that is to be made.
   * @param instead of whom; absent: if nobody has it
   * @returns whether it was written: false when somebody else was faster
   */
  async reserve(
    key: string,
    job: { readonly id: string; readonly post: string },
    instead?: KeyHolder,
  ): Promise<boolean> {
    const { store, places } = this.#parts;
    const condition = instead ? { etag: instead.etag } : 'absent';
    const { etag } = await store.write(`${places.same}${key}`, JSON.stringify(job), condition);
    return etag !== undefined;
  }
}

/** The digest of a list of alert ids. */
export function digestOfList(alertIds: readonly string[]): string {
  return digestOf(alertIds.join());
}

/** JSON of an object or a list; undefined for anything else. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
