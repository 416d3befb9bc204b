import type { Clock } from '../base/clock.js';
import type { EnrichmentError } from '../base/errors.js';
import { readClaims } from '../identity/claims.js';
import { type AccessToken, type Credential, scopeOf, type TokenCache } from '../identity/token-cache.js';
import type { Work } from '../lookup/source.js';
import type { Priority } from '../quota/priorities.js';
import type { Quota } from '../quota/quota.js';
import type { Call } from './call.js';
import { explain } from './explain.js';
import type { Outcome } from './outcome.js';
import { decide, type Failure, pauseMs } from './retry.js';

/** What the client is made of. */
export interface ClientParts {
  readonly apiHost: string;
  readonly audience: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly credential: Credential;
  readonly tokens: TokenCache;
  readonly quota: Quota;
  readonly call: Call;
}

/** What a body holds: the value asked for, or something else. */
export type Reading<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'malformed'; readonly what: string };

/** An answer: the value, or that Defender does not know what was asked about. */
export type Answer<T> = { readonly kind: 'value'; readonly value: T } | { readonly kind: 'not-found' };

/** Asks Defender's API: every call with a valid token and a permit charged for it. */
export class DefenderClient {
  readonly #parts: ClientParts;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  /** The configured API's origin, the only one that the token goes to. */
  get origin(): string {
    return this.#parts.apiHost;
  }

  /**
   * Asks until there is an answer, or until asking again does not help.
   * @param url on the configured origin
   * @param read finds the value in the body of a 200; pure
   * @throws {EnrichmentError} when there is no answer
   */
  async get<T>(
    url: string,
    read: (body: string) => Reading<T>,
    work: Work,
    lane: Priority = 'interactive',
  ): Promise<Answer<T>> {
    const { clock, random, quota } = this.#parts;
    let tokenRenewed = false;
    for (let attempts = 1; ; attempts++) {
      const { outcome, token } = await this.#callOnce(url, work, lane);
      if (outcome.kind === 'not-found') return { kind: 'not-found' };
      const reading = outcome.kind === 'answered' ? read(outcome.body) : outcome;
      if (reading.kind === 'value') return reading;
      const remainingMs = work.untilMs() - clock.monotonicMs();
      const verdict = decide(reading, { attempts, tokenRenewed, remainingMs, random: random() });
      if (verdict.kind === 'retry') {
        await clock.sleep(verdict.waitMs, work.signal);
      } else if (verdict.kind === 'pause') {
        await quota.pause(verdict.pauseMs);
        if (!verdict.again) throw this.#failure(reading, token, verdict.pauseMs);
      } else if (verdict.kind === 'renew-token') {
        if (!(await this.#renew(token, work))) throw this.#failure(reading, token);
        tokenRenewed = true;
      } else {
        throw this.#failure(reading, token, verdict.retryAfterMs);
      }
    }
  }

  /**
   * One call, charged like any other, and never a second one: for who wants to see what comes of it.
   * That Defender asks for a pause is heeded all the same.
   * @throws {EnrichmentError} when there is no token or no permit to call with
   */
  async probe(url: string, work: Work): Promise<{ outcome: Outcome; token: AccessToken }> {
    const { random, quota } = this.#parts;
    const called = await this.#callOnce(url, work, 'interactive');
    if (called.outcome.kind === 'throttled') {
      await quota.pause(pauseMs(called.outcome.retryAfterMs, { attempts: 1, random: random() }));
    }
    return called;
  }

  /** One call with a token that is valid and a permit that was charged for it. */
  async #callOnce(
    url: string,
    work: Work,
    lane: Priority,
  ): Promise<{ outcome: Outcome; token: AccessToken }> {
    await this.#token(work); // before the permit: without a token no permit must be spent
    work.at('the quota');
    const permit = await this.#parts.quota.acquire(work, lane);
    try {
      const token = await this.#token(work); // again: the wait for the permit may have been long
      work.at('Defender');
      return { outcome: await this.#parts.call(url, token.token, work.signal), token };
    } finally {
      permit.settle(true);
    }
  }

  #token(work: Work): Promise<AccessToken> {
    const { tokens, credential, audience } = this.#parts;
    work.at('the identity endpoint');
    return tokens.get(credential, scopeOf(audience), work.signal);
  }

  /** Whether there is another token than the one that was refused. */
  async #renew(refused: AccessToken, work: Work): Promise<boolean> {
    const { tokens, credential, audience } = this.#parts;
    work.at('the identity endpoint');
    const other = await tokens.renew(credential, scopeOf(audience), refused.token, work.signal);
    return other.token !== refused.token;
  }

  #failure(outcome: Failure, { token }: AccessToken, retryAfterMs?: number): EnrichmentError {
    const { clock, apiHost, audience } = this.#parts;
    const retryAtMs = retryAfterMs === undefined ? undefined : clock.monotonicMs() + retryAfterMs;
    return explain(outcome, { host: apiHost, audience, claims: readClaims(token) }, retryAtMs);
  }
}
