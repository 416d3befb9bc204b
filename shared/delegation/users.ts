import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.js';
import { IdentityError } from '../base/errors.js';
import type { Enricher } from '../enrichment/enrich.js';
import type { Registration } from './settings.js';
import { readUserAssertion, type UserAssertion } from './user-assertion.js';

/**
 * One user's own everything: credential, token, answers, questions in flight. Nothing of it is shared
 * with another user, because Defender answers each by their own rights.
 */
export interface User {
  readonly enricher: Enricher;
  /** Makes sure that there is a token to ask with. */
  authorise(signal: AbortSignal): Promise<unknown>;
}

/**
 * Users kept at once. One more pushes out the one not seen for longest, who costs an exchange and calls
 * anew.
 */
export const MOST_USERS = 1_000;
/** Users kept whose token Entra has not accepted, and exchanges for such at once. */
export const MOST_UNPROVEN = 200;
/**
 * Refused tokens in a minute after which no further unknown one is tried: Entra throttles by registration,
 * so a flood of forged tokens would keep everybody out. A choice: people's refusals are a few a minute.
 */
export const MOST_REFUSED = 30;
const MINUTE_MS = 60_000;

interface Kept {
  readonly user: User;
  readonly expiresAtMs: number;
}

/**
 * The users on whose behalf the app asks, by the digest of their token, in this process only. When the
 * token ends the user is refused, and forgotten with the next request of any user. Users whose token Entra
 * has not accepted are kept apart, so that a flood of forged ones pushes out no real user, and are tried a
 * bounded number of times.
 */
export class Users {
  readonly #clock: Clock;
  readonly #registration: Registration;
  readonly #create: (assertion: UserAssertion) => User;
  readonly #accepted = new LRUCache<string, Kept>({ max: MOST_USERS });
  readonly #unproven = new LRUCache<string, Kept>({ max: MOST_UNPROVEN });
  /** Tokens that Entra refused in the last minute, by digest, oldest first. */
  readonly #refused = new Map<string, number>();
  #trying = 0;

  constructor(clock: Clock, registration: Registration, create: (assertion: UserAssertion) => User) {
    this.#clock = clock;
    this.#registration = registration;
    this.#create = create;
  }

  /**
   * What enriches on behalf of the user whose token the caller sent.
   * @param authorization the header of that name
   * @throws {IdentityError} 4xx, when the token is not one to ask with; 503, when too many were refused
   *   lately. What is nobody's fault at the caller's end, such as an authority that is down, is left for
   *   each lookup to find
   */
  async forCaller(authorization: string | null, signal: AbortSignal): Promise<Enricher> {
    this.#forgetExpired();
    const assertion = readUserAssertion(authorization, this.#registration, this.#clock.epochMs());
    const accepted = this.#accepted.get(assertion.digest);
    return accepted ? this.#authorise(assertion, accepted, signal) : this.#try(assertion, signal);
  }

  /** A user whose token Entra has not accepted yet. */
  async #try(assertion: UserAssertion, signal: AbortSignal): Promise<Enricher> {
    this.#checkRefusals(assertion.digest);
    this.#trying++;
    try {
      const kept = this.#unproven.get(assertion.digest) ?? this.#admit(assertion);
      return await this.#authorise(assertion, kept, signal);
    } finally {
      this.#trying--;
    }
  }

  async #authorise({ digest }: UserAssertion, kept: Kept, signal: AbortSignal): Promise<Enricher> {
    try {
      await kept.user.authorise(signal);
      this.#unproven.delete(digest);
      this.#accepted.set(digest, kept);
    } catch (error) {
      if (error instanceof IdentityError && error.status < 500) {
        if (error.kind === 'user-token-refused') this.#refused.set(digest, this.#clock.monotonicMs());
        throw error;
      }
    }
    return kept.user.enricher;
  }

  /** @throws {IdentityError} when no further unknown token is to be tried now */
  #checkRefusals(digest: string): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [other, atMs] of this.#refused) if (atMs + MINUTE_MS <= nowMs) this.#refused.delete(other);
    const isFlood = this.#refused.size >= MOST_REFUSED && !this.#refused.has(digest);
    if (!isFlood && this.#trying < MOST_UNPROVEN) return;
    const [oldestMs = nowMs] = this.#refused.values();
    throw new IdentityError(
      'identity-unavailable',
      `Entra refused ${this.#refused.size} users' tokens within a minute, so no further new one is tried for now: Entra ` +
        'would slow down this app registration for everybody. Ask again then; users who were accepted are not affected.',
      { retryAtMs: isFlood ? oldestMs + MINUTE_MS : nowMs + 1_000 },
    );
  }

  #admit(assertion: UserAssertion): Kept {
    const kept = { user: this.#create(assertion), expiresAtMs: assertion.expiresAtMs };
    this.#unproven.set(assertion.digest, kept);
    return kept;
  }

  #forgetExpired(): void {
    const nowMs = this.#clock.epochMs();
    for (const users of [this.#accepted, this.#unproven]) {
      for (const [digest, { expiresAtMs }] of [...users.entries()]) {
        if (expiresAtMs <= nowMs) users.delete(digest);
      }
    }
  }
}
