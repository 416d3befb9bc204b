import type { Clock } from '../base/clock.js';
import type { Aged } from '../lookup/answer-cache.js';
import { sizeOf } from '../lookup/cache-policy.js';
import { isSourceAnswer, type SourceAnswer } from '../lookup/source.js';
import type { BlobStore } from '../storage/blob-store.js';
import { type EntryFormat, GroupedBlobs } from './grouped-blobs.js';

/** Answers by the place of their alert. */
export type Answers = ReadonlyMap<number, Aged<SourceAnswer>>;

/** An answer as it is stored. */
interface StoredAnswer extends Aged<SourceAnswer> {
  readonly index: number;
  /** Absent in blobs of version 0.1, which are not checked. */
  readonly alertId?: string | undefined;
}

const ANSWERS: EntryFormat<StoredAnswer> = {
  version: 1,
  member: 'answers',
  isEntry: (value): value is StoredAnswer => {
    const { index, ageSeconds, answer } = (value ?? {}) as Partial<StoredAnswer>;
    return Number.isSafeInteger(index) && Number.isFinite(ageSeconds) && isSourceAnswer(answer);
  },
  // An answer without any address weighs something as well.
  weight: ({ answer }) => 25 + sizeOf(answer),
};

/** The answers of one job. Their ages are taken from the store's own times. */
export class AnswerBlobs {
  readonly #blobs: GroupedBlobs<StoredAnswer>;
  readonly #alertIds: readonly string[];

  /** @param alertIds of the job, by their places */
  constructor(clock: Clock, store: BlobStore, folder: string, alertIds: readonly string[]) {
    this.#blobs = new GroupedBlobs(clock, store, folder, ANSWERS);
    this.#alertIds = alertIds;
  }

  /**
   * Resolves when the answers are stored.
   * @throws {StorageError}
   */
  keep(answers: Answers): Promise<void> {
    const listed = [...answers].map(([index, aged]) => ({ index, alertId: this.#alertIds[index], ...aged }));
    return this.#blobs.keep(listed);
  }

  /**
   * All answers, as old as they are now.
   * @throws {StorageError}
   */
  async all(): Promise<Answers> {
    const kept = await this.#blobs.all();
    const own = kept.filter(({ entry: { index, alertId } }) => {
      const expected = this.#alertIds[index];
      return expected !== undefined && (alertId === undefined || alertId === expected);
    });
    return new Map(
      own.map(({ entry: { index, answer, ageSeconds }, keptSeconds }) => [
        index,
        { answer, ageSeconds: ageSeconds + keptSeconds },
      ]),
    );
  }
}
