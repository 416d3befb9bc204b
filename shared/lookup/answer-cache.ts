import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.js';
import type { SourceAnswer } from '../source.js';

/** How long answers are good for, in seconds; 0 keeps none. */
export interface CacheTimes {
  readonly ipsSeconds: number;
  readonly notFoundSeconds: number;
}

/** An answer and how old it is. */
export interface AgedAnswer {
  readonly answer: SourceAnswer;
  readonly ageSeconds: number;
}

/** Addresses (and answers) kept at most; about 20 MB. */
const MOST_KEPT = 200_000;

/**
 * Answers of this process, by alert id. Only answers: a failure is asked again. Bounded, so that a
 * flood of alerts pushes out the ones not asked about longest.
 */
export class AnswerCache {
  readonly #clock: Clock;
  readonly #times: CacheTimes;
  readonly #kept: LRUCache<string, { answer: SourceAnswer; storedAtMs: number }>;

  constructor(clock: Clock, times: CacheTimes) {
    this.#clock = clock;
    this.#times = times;
    this.#kept = new LRUCache({
      maxSize: MOST_KEPT,
      sizeCalculation: ({ answer }) => 1 + answer.ips.length + answer.unusable.length,
    });
  }

  get(alertId: string): AgedAnswer | undefined {
    const kept = this.#kept.get(alertId);
    if (!kept) return undefined;
    const ageMs = this.#clock.monotonicMs() - kept.storedAtMs;
    const { ipsSeconds, notFoundSeconds } = this.#times;
    const seconds = kept.answer.status === 'not_found' ? notFoundSeconds : ipsSeconds;
    if (ageMs < seconds * 1000) return { answer: kept.answer, ageSeconds: Math.floor(ageMs / 1000) };
    this.#kept.delete(alertId);
    return undefined;
  }

  set(alertId: string, answer: SourceAnswer): void {
    this.#kept.set(alertId, { answer, storedAtMs: this.#clock.monotonicMs() });
  }
}
