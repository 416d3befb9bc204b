import type { Deadline } from '../deadline.js';
import type { IpSource } from '../source.js';
import type { AgedAnswer, AnswerCache } from './answer-cache.js';
import { SingleFlight } from './single-flight.js';

/** For one alert: the cache, else the question in flight, else quota and source. */
export class Lookup {
  readonly #cache: AnswerCache;
  readonly #source: IpSource;
  readonly #flights = new SingleFlight<AgedAnswer>();

  constructor(cache: AnswerCache, source: IpSource) {
    this.#cache = cache;
    this.#source = source;
  }

  /**
   * What the source knows of an alert's IPs.
   * @throws {EnrichmentError} when there is no answer before the deadline, or none to be had
   */
  async find(alertId: string, deadline: Deadline): Promise<AgedAnswer> {
    const cached = this.#cache.get(alertId);
    if (cached) return cached;
    return this.#flights.join(alertId, deadline, async (work) => {
      const answer = await this.#source.find(alertId, work);
      this.#cache.set(alertId, answer);
      return { answer, ageSeconds: 0 };
    });
  }
}
