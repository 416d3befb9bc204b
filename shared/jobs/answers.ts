import type { Aged } from '../lookup/answer-cache.js';
import { isSourceAnswer, type SourceAnswer } from '../lookup/source.js';
import type { BlobStore } from '../storage/blob-store.js';
import { inBatches, pages } from '../storage/pages.js';

/** Answers by the place of their alert. */
export type Answers = ReadonlyMap<number, Aged<SourceAnswer>>;

const VERSION = 1;
/** All of them are needed, however long it takes. */
const NEVER = () => false;

/**
 * The answers of one job, a blob for each or for several: whatever happens after one is written, it
 * is not asked for again. Their ages are taken from the store's own times.
 */
export class AnswerBlobs {
  readonly #store: BlobStore;
  readonly #folder: string;

  constructor(store: BlobStore, folder: string) {
    this.#store = store;
    this.#folder = folder;
  }

  /** @throws {StorageError} */
  async keep(answers: Answers): Promise<void> {
    if (answers.size === 0) return;
    const listed = [...answers].map(([index, aged]) => ({ index, ...aged }));
    const name = `${this.#folder}${listed[0]?.index}-${listed.length}.json`;
    await this.#store.write(name, JSON.stringify({ version: VERSION, answers: listed }), 'any');
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

  async #read(name: string): Promise<[number, Aged<SourceAnswer>][]> {
    const { blob, storeTimeMs } = await this.#store.read(name);
    if (!blob) return [];
    const keptSeconds = Math.max(0, Math.round((storeTimeMs - blob.lastModifiedMs) / 1000));
    return readAnswers(blob.text).map(({ index, answer, ageSeconds }) => [
      index,
      { answer, ageSeconds: ageSeconds + keptSeconds },
    ]);
  }
}

/** @returns nothing for what this version has not written: then it is asked for again */
function readAnswers(text: string): (Aged<SourceAnswer> & { index: number })[] {
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
