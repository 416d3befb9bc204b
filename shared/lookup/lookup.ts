import type { Deadline } from '../base/deadline.js';
import type { CacheLevel } from '../base/telemetry-event.js';
import type { Aged, AnswerCache } from './answer-cache.js';
import { SingleFlight } from './single-flight.js';
import type { Work } from './source.js';

/** Answers that other instances got, and what it takes to share one's own. It does not throw. */
export interface SharedCache<T> {
  /** An answer that is still good. */
  find(key: string): Promise<Aged<T> | undefined>;
  /** Keeps an answer that was just given. */
  keep(key: string, answer: T): Promise<void>;
}

/** For one question: the cache, else the question in flight, else the shared cache, else the source. */
export class Lookup<T extends object> {
  readonly #cache: AnswerCache<T>;
  readonly #ask: (key: string, work: Work) => Promise<T>;
  readonly #shared: SharedCache<T> | undefined;
  readonly #answeredFrom: (level: CacheLevel) => void;
  readonly #sharing = new Set<Promise<void>>();
  readonly #flights = new SingleFlight<Aged<T>>();

  /**
   * @param ask asks the source, charging the quota for every call
   * @param shared what instances share, if they share anything; never for answers that only one user may see
   * @param answeredFrom is told where each answer came from; who joins a question in flight is not counted
   */
  constructor(
    cache: AnswerCache<T>,
    ask: (key: string, work: Work) => Promise<T>,
    shared: SharedCache<T> | undefined,
    answeredFrom: (level: CacheLevel) => void,
  ) {
    this.#cache = cache;
    this.#ask = ask;
    this.#shared = shared;
    this.#answeredFrom = answeredFrom;
  }

  /**
   * The answer to a question.
   * @param key what is asked about: an alert id, or an address
   * @throws {EnrichmentError} when there is no answer before the deadline, or none to be had
   */
  async find(key: string, deadline: Deadline): Promise<Aged<T>> {
    const cached = this.#cache.get(key);
    if (cached) {
      this.#answeredFrom('memory');
      return cached;
    }
    return this.#flights.join(key, deadline, async (work) => {
      const fromOthers = await this.#askOthers(key, work);
      this.#answeredFrom(fromOthers ? 'shared' : 'none');
      const found = fromOthers ?? { answer: await this.#ask(key, work), ageSeconds: 0 };
      this.#cache.set(key, found);
      if (!fromOthers) this.#share(key, found.answer);
      return found;
    });
  }

  /** An answer that this process has already: it costs nothing. */
  known(key: string): Aged<T> | undefined {
    return this.#cache.get(key);
  }

  /** Resolves when what was found so far has been shared with the other instances. */
  async settled(): Promise<void> {
    await Promise.all(this.#sharing);
  }

  /** No caller waits for it. */
  #share(key: string, answer: T): void {
    if (!this.#shared) return;
    const sharing = this.#shared.keep(key, answer).finally(() => this.#sharing.delete(sharing));
    this.#sharing.add(sharing);
  }

  async #askOthers(key: string, work: Work): Promise<Aged<T> | undefined> {
    if (!this.#shared) return undefined;
    work.at('the storage account');
    return this.#shared.find(key);
  }
}
