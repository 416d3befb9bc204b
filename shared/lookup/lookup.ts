import type { Deadline } from '../base/deadline.js';
import type { CacheLevel } from '../base/telemetry-event.js';
import type { Aged, AnswerCache } from './answer-cache.js';
import { SingleFlight } from './single-flight.js';
import type { Work } from './source.js';

/** Answers that other instances got, and what it takes to share one's own. It does not throw. */
export interface SharedCache<T> {
  /**
   * An answer that is still good.
   * @param request whose question it is, by identity: requests take turns
   */
  find(key: string, request: object): Promise<Aged<T> | undefined>;
  /** Keeps an answer that was just given. */
  keep(key: string, answer: T): Promise<void>;
}

/** What a lookup is made of. */
export interface LookupParts<T extends object> {
  readonly cache: AnswerCache<T>;
  /** Asks the source, charging the quota for every call. */
  readonly ask: (key: string, work: Work) => Promise<T>;
  /** What instances share, if they share anything; never for answers that only one user may see. */
  readonly shared?: SharedCache<T> | undefined;
  /** Throws for a key that cannot be asked about, before anything is read for it. */
  readonly check?: (key: string) => void;
  /** Called with where each answer came from; whoever joins a question in flight is not counted. */
  readonly answeredFrom: (level: CacheLevel) => void;
}

/** For one question: the cache, else the question in flight, else the shared cache, else the source. */
export class Lookup<T extends object> {
  readonly #parts: LookupParts<T>;
  readonly #sharing = new Set<Promise<void>>();
  readonly #flights = new SingleFlight<Aged<T>>();

  constructor(parts: LookupParts<T>) {
    this.#parts = parts;
  }

  /**
   * The answer to a question.
   * @param key what is asked about: an alert id, or an address
   * @throws {EnrichmentError} when there is no answer before the deadline, or none to be had
   */
  async find(key: string, deadline: Deadline): Promise<Aged<T>> {
    const { cache, ask, check, answeredFrom } = this.#parts;
    const cached = cache.get(key);
    if (cached) {
      answeredFrom('memory');
      return cached;
    }
    check?.(key);
    return this.#flights.join(key, deadline, async (work) => {
      const fromOthers = await this.#askOthers(key, work, deadline);
      answeredFrom(fromOthers ? 'shared' : 'none');
      const found = fromOthers ?? { answer: await ask(key, work), ageSeconds: 0 };
      cache.set(key, found);
      if (!fromOthers) this.#share(key, found.answer);
      return found;
    });
  }

  /** An answer that this process has already: it costs nothing. */
  known(key: string): Aged<T> | undefined {
    return this.#parts.cache.get(key);
  }

  /** Resolves when what was found so far has been shared with the other instances. */
  async settled(): Promise<void> {
    await Promise.all(this.#sharing);
  }

  /** No caller waits for it. */
  #share(key: string, answer: T): void {
    const { shared } = this.#parts;
    if (!shared) return;
    const sharing = shared.keep(key, answer).finally(() => this.#sharing.delete(sharing));
    this.#sharing.add(sharing);
  }

  async #askOthers(key: string, work: Work, request: object): Promise<Aged<T> | undefined> {
    const { shared } = this.#parts;
    if (!shared) return undefined;
    work.at('the storage account');
    return shared.find(key, request);
  }
}
