import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.js';
import type { CachePolicy } from './cache-policy.js';

/** An answer and how old it is. */
export interface Aged<T> {
  readonly answer: T;
  readonly ageSeconds: number;
}

/** What the sizes of the app's own answers may add up to; about 20 MB of addresses. */
export const MOST_KEPT = 200_000;

/**
 * Answers of this process. Only answers: a failure is asked again. Bounded, so that a flood of
 * questions pushes out the ones not asked for longest.
 */
export class AnswerCache<T extends object> {
  readonly #clock: Clock;
  readonly #policy: CachePolicy<T>;
  readonly #kept: LRUCache<string, { answer: T; storedAtMs: number }>;

  /** @param mostKept what the sizes of all answers may add up to */
  constructor(clock: Clock, policy: CachePolicy<T>, mostKept: number) {
    this.#clock = clock;
    this.#policy = policy;
    this.#kept = new LRUCache({ maxSize: mostKept, sizeCalculation: ({ answer }) => policy.size(answer) });
  }

  /** @returns undefined when there is no answer, or it is too old */
  get(key: string): Aged<T> | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    const ageMs = this.#clock.monotonicMs() - kept.storedAtMs;
    if (ageMs < this.#policy.ttlSeconds(kept.answer) * 1000) {
      return { answer: kept.answer, ageSeconds: Math.floor(ageMs / 1000) };
    }
    this.#kept.delete(key);
    return undefined;
  }

  /** Keeps an answer that is already `ageSeconds` old, if answers of its kind are kept. */
  set(key: string, { answer, ageSeconds }: Aged<T>): void {
    if (this.#policy.ttlSeconds(answer) === 0) return;
    this.#kept.set(key, { answer, storedAtMs: this.#clock.monotonicMs() - ageSeconds * 1000 });
  }
}
