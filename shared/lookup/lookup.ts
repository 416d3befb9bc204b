import type { Deadline } from '../deadline.js';
import type { Work } from '../source.js';
import type { Aged, AnswerCache } from './answer-cache.js';
import { SingleFlight } from './single-flight.js';

/** For one question: the cache, else the question in flight, else the source. */
export class Lookup<T extends object> {
  readonly #cache: AnswerCache<T>;
  readonly #ask: (key: string, work: Work) => Promise<T>;
  readonly #flights = new SingleFlight<Aged<T>>();

  /** @param ask asks the source, charging the quota for every call */
  constructor(cache: AnswerCache<T>, ask: (key: string, work: Work) => Promise<T>) {
    this.#cache = cache;
    this.#ask = ask;
  }

  /**
   * The answer to a question.
   * @param key what is asked about: an alert id, or an address
   * @throws {EnrichmentError} when there is no answer before the deadline, or none to be had
   */
  async find(key: string, deadline: Deadline): Promise<Aged<T>> {
    const cached = this.#cache.get(key);
    if (cached) return cached;
    return this.#flights.join(key, deadline, async (work) => {
      const answer = await this.#ask(key, work);
      this.#cache.set(key, answer);
      return { answer, ageSeconds: 0 };
    });
  }
}
