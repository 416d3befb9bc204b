import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.js';

/** How answers of one kind are kept. */
export interface Keeping<T> {
  /** How long an answer is good for; 0 keeps none. */
  seconds(answer: T): number;
  /** How much of the cache's room it takes. */
  size(answer: T): number;
}

/** An answer and how old it is. */
export interface Aged<T> {
  readonly answer: T;
  readonly ageSeconds: number;
}

/** The sizes of what is kept add up to no more than this unless told otherwise; about 20 MB of addresses. */
const MOST_KEPT = 200_000;

/**
 * Answers of this process. Only answers: a failure is asked again. Bounded, so that a flood of
 * questions pushes out the ones not asked for longest.
 */
export class AnswerCache<T extends object> {
  readonly #clock: Clock;
  readonly #keeping: Keeping<T>;
  readonly #kept: LRUCache<string, { answer: T; storedAtMs: number }>;

  /** @param mostKept what the sizes of all answers may add up to */
  constructor(clock: Clock, keeping: Keeping<T>, mostKept = MOST_KEPT) {
    this.#clock = clock;
    this.#keeping = keeping;
    this.#kept = new LRUCache({ maxSize: mostKept, sizeCalculation: ({ answer }) => keeping.size(answer) });
  }

  /** @returns undefined when there is no answer, or it is too old */
  get(key: string): Aged<T> | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    const ageMs = this.#clock.monotonicMs() - kept.storedAtMs;
    if (ageMs < this.#keeping.seconds(kept.answer) * 1000) {
      return { answer: kept.answer, ageSeconds: Math.floor(ageMs / 1000) };
    }
    this.#kept.delete(key);
    return undefined;
  }

  /** Keeps an answer that is already `ageSeconds` old, if answers of its kind are kept. */
  set(key: string, { answer, ageSeconds }: Aged<T>): void {
    if (this.#keeping.seconds(answer) === 0) return;
    this.#kept.set(key, { answer, storedAtMs: this.#clock.monotonicMs() - ageSeconds * 1000 });
  }
}
