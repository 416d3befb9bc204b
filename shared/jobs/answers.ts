import type { Clock } from '../base/clock.js';
import type { Aged } from '../lookup/answer-cache.js';
import { isSourceAnswer, type SourceAnswer } from '../lookup/source.js';
import { newId } from '../queue-work/message.js';
import type { BlobStore } from '../storage/blob-store.js';
import { inBatches, pages } from '../storage/pages.js';

/** Answers by the place of their alert. */
export type Answers = ReadonlyMap<number, Aged<SourceAnswer>>;

const VERSION = 1;
/** All of them are needed, however long it takes. */
const NEVER = () => false;
/**
 * A blob takes no more once it holds so many addresses: about 2 MB, which is read and parsed in some ten
 * milliseconds (a choice).
 */
const MOST_ADDRESSES = 50_000;
/** Nor more answers than this (a choice): most alerts have no or few addresses. */
const MOST_ANSWERS = 2_000;

/**
 * Between the beginnings of two writes (a choice): Defender is asked 20 times at once and answers in some 100 ms, so that
 * one takes some 20 answers. The first one does not wait.
 */
const BETWEEN_WRITES_MS = 200;

/** Answers that wait for the next write. */
interface Waiting {
  readonly answers: Answers;
  done(): void;
  fail(error: unknown): void;
}

/**
 * The answers of one job, in blobs of one or several: whatever happens after one is written, it is not asked
 * for again. Their ages are taken from the store's own times.
 *
 * Writes are committed in groups: what comes within a moment, or while a write is under way, goes into the next one
 * together. Each blob has a name of its own, so that two workers that group differently never write over one another's.
 */
export class AnswerBlobs {
  readonly #clock: Clock;
  readonly #store: BlobStore;
  readonly #folder: string;
  readonly #alertIds: readonly string[];
  readonly #waiting: Waiting[] = [];
  #isWriting = false;
  #writeAtMs = Number.NEGATIVE_INFINITY;

  /** @param alertIds of the job, by their places */
  constructor(clock: Clock, store: BlobStore, folder: string, alertIds: readonly string[]) {
    this.#clock = clock;
    this.#store = store;
    this.#folder = folder;
    this.#alertIds = alertIds;
  }

  /**
   * Resolves when the answers are stored.
   * @throws {StorageError}
   */
  async keep(answers: Answers): Promise<void> {
    if (answers.size === 0) return;
    await new Promise<void>((done, fail) => {
      this.#waiting.push({ answers, done, fail });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  /**
   * All answers, as old as they are now.
   * @throws {StorageError}
   */
  async all(): Promise<Answers> {
    const answers = new Map<number, Aged<SourceAnswer>>();
    for await (const { blobs } of pages(this.#store, this.#folder)) {
      await inBatches(blobs, NEVER, async ({ name }) => {
        for (const [index, aged] of await this.#read(name)) answers.set(index, aged);
      });
    }
    return answers;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const waitMs = this.#writeAtMs - this.#clock.monotonicMs();
      if (waitMs > 0) await this.#clock.sleep(waitMs);
      this.#writeAtMs = this.#clock.monotonicMs() + BETWEEN_WRITES_MS;
      const group = this.#nextGroup();
      try {
        await this.#write(group.flatMap(({ answers }) => [...answers]));
        for (const { done } of group) done();
      } catch (error) {
        for (const { fail } of group) fail(error);
      }
    }
    this.#isWriting = false;
  }

  /** What is written next: at least one, and as many as fit. */
  #nextGroup(): Waiting[] {
    let addresses = 0;
    let count = 0;
    let length = 0;
    for (const { answers } of this.#waiting) {
      if (addresses >= MOST_ADDRESSES || count >= MOST_ANSWERS) break;
      for (const { answer } of answers.values()) addresses += answer.ips.length + answer.unusable.length;
      count += answers.size;
      length++;
    }
    return this.#waiting.splice(0, length);
  }

  async #write(answers: readonly (readonly [number, Aged<SourceAnswer>])[]): Promise<void> {
    const listed = answers.map(([index, aged]) => ({ index, alertId: this.#alertIds[index], ...aged }));
    const name = `${this.#folder}${listed[0]?.index}-${listed.length}-${newId()}.json`;
    await this.#store.write(name, JSON.stringify({ version: VERSION, answers: listed }), 'any');
  }

  async #read(name: string): Promise<[number, Aged<SourceAnswer>][]> {
    const { blob, storeTimeMs } = await this.#store.read(name);
    if (!blob) return [];
    const keptSeconds = Math.max(0, Math.round((storeTimeMs - blob.lastModifiedMs) / 1000));
    return readAnswers(blob.text)
      .filter(({ index, alertId }) => {
        const own = this.#alertIds[index];
        return own !== undefined && (alertId === undefined || alertId === own);
      })
      .map(({ index, answer, ageSeconds }) => [index, { answer, ageSeconds: ageSeconds + keptSeconds }]);
  }
}

/** An answer as it is stored. */
interface StoredAnswer extends Aged<SourceAnswer> {
  readonly index: number;
  /** Absent in blobs of version 0.1, which are not checked. */
  readonly alertId?: string;
}

/** @returns nothing for what is damaged or written by a later version: it counts as not answered */
function readAnswers(text: string): StoredAnswer[] {
  try {
    const { version, answers } = JSON.parse(text);
    const isAll =
      version === VERSION &&
      answers.every(
        (one: { index: unknown; ageSeconds: unknown; answer: unknown }) =>
          Number.isSafeInteger(one.index) && Number.isFinite(one.ageSeconds) && isSourceAnswer(one.answer),
      );
    return isAll ? answers : [];
  } catch {
    return [];
  }
}
