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

/** Users kept at once; with those whose token Entra has not accepted, twice as many. */
export const MOST_USERS = 200;

interface Kept {
  readonly user: User;
  readonly expiresAtMs: number;
}

/**
 * The users on whose behalf is asked, by the digest of their token, in this process only. With its
 * token's end a user is refused, and forgotten with the next request of any user. Users whose token Entra has not accepted are kept apart, so that a
 * flood of forged ones pushes out no real user.
 */
export class Users {
  readonly #clock: Clock;
  readonly #registration: Registration;
  readonly #create: (assertion: UserAssertion) => User;
  readonly #accepted = new LRUCache<string, Kept>({ max: MOST_USERS });
  readonly #unproven = new LRUCache<string, Kept>({ max: MOST_USERS });

  constructor(clock: Clock, registration: Registration, create: (assertion: UserAssertion) => User) {
    this.#clock = clock;
    this.#registration = registration;
    this.#create = create;
  }

  /**
   * What enriches on behalf of the user whose token the caller sent.
   * @param authorization the header of that name
   * @throws {IdentityError} 4xx, when the token is not one to ask with. What is nobody's fault at the
   *   caller's end, such as an authority that is down, is left for each lookup to find and to tell
   */
  async forCaller(authorization: string | null, signal: AbortSignal): Promise<Enricher> {
    this.#forgetExpired();
    const assertion = readUserAssertion(authorization, this.#registration, this.#clock.epochMs());
    const { digest } = assertion;
    const kept = this.#accepted.get(digest) ?? this.#unproven.get(digest) ?? this.#admit(assertion);
    try {
      await kept.user.authorise(signal);
      this.#unproven.delete(digest);
      this.#accepted.set(digest, kept);
    } catch (error) {
      if (error instanceof IdentityError && error.status < 500) throw error;
    }
    return kept.user.enricher;
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
