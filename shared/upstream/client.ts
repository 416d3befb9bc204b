import type { Clock } from '../base/clock.js';
import type { EnrichmentError } from '../base/errors.js';
import { readClaims } from '../identity/claims.js';
import { type AccessToken, scopeOf } from '../identity/token-cache.js';
import type { Asker, Work } from '../lookup/source.js';
import type { Priority } from '../quota/priorities.js';
import type { Api } from './api.js';
import type { Call, Question } from './call.js';
import { explain } from './explain.js';
import type { Answered, Outcome, Reading } from './outcome.js';
import { decide, type Failure, isAbsence, pauseMs } from './retry.js';

/** What the client is made of. */
export interface ClientParts extends Pick<Asker, 'credential' | 'tokens' | 'quota'> {
  readonly api: Api;
  readonly clock: Clock;
  readonly random: () => number;
  readonly call: Call;
}

/** An answer: the value, or that the API does not know what was asked about. */
export type Answer<T> = { readonly kind: 'value'; readonly value: T } | { readonly kind: 'not-found' };

/**
 * What a call brought: the value asked for, that the API does not know what was asked about, or a failure.
 */
export type EndOf<T> = Reading<T> | Exclude<Outcome, Answered>;

/** How the last call of this process ended: the doctor reports it without a call of its own. */
export interface LastCall {
  /** When it ended, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Absent where the API answered, be it that it does not know what was asked about. */
  readonly failure?: Failure;
}

/** Asks an API: every call with a valid token and a permit charged for it. */
export class ApiClient {
  readonly #parts: ClientParts;
  /** Questions that the API's absence left without an answer, since the last one that was answered. */
  #failedInARow = 0;
  #lastCall: LastCall | undefined;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  /** The configured API's origin, the only one that the token goes to. */
  get origin(): string {
    return this.#parts.api.host;
  }

  /** How the last call ended; undefined before the first one of this process. */
  get lastCall(): LastCall | undefined {
    return this.#lastCall;
  }

  /**
   * Asks until there is an answer, or until asking again does not help.
   * @param question on the configured origin
   * @param read finds the value in a 200; pure
   * @throws {EnrichmentError} when there is no answer
   */
  async get<T>(
    question: Question,
    read: (answer: Answered) => Reading<T>,
    work: Work,
    priority: Priority,
  ): Promise<Answer<T>> {
    const { clock, random, quota } = this.#parts;
    let tokenRenewed = false;
    for (let attempts = 1; ; attempts++) {
      const { outcome, token } = await this.#callOnce(question, work, priority);
      const reading = this.#read(outcome, read);
      if (reading.kind === 'value' || reading.kind === 'not-found') {
        this.#failedInARow = 0;
        return reading.kind === 'value' ? reading : { kind: 'not-found' };
      }
      const remainingMs = work.untilMs() - clock.monotonicMs();
      const failedInARow = this.#failedInARow;
      const verdict = decide(reading, {
        attempts,
        failedInARow,
        tokenRenewed,
        remainingMs,
        random: random(),
      });
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
   * That the API asks for a pause is heeded all the same.
   * @throws {EnrichmentError} when there is no token or no permit to call with
   */
  async probe<T>(
    question: Question,
    read: (answer: Answered) => Reading<T>,
    work: Work,
  ): Promise<{ readonly reading: EndOf<T>; readonly token: AccessToken }> {
    const { random, quota } = this.#parts;
    const { outcome, token } = await this.#callOnce(question, work, 'interactive');
    const reading = this.#read(outcome, read);
    if (reading.kind === 'throttled') {
      await quota.pause(pauseMs(reading.retryAfterMs, { attempts: 1, random: random() }));
    }
    return { reading, token };
  }

  /** What a call brought; remembered, without its value. */
  #read<T>(outcome: Outcome, read: (answer: Answered) => Reading<T>): EndOf<T> {
    const end = outcome.kind === 'answered' ? read(outcome) : outcome;
    const isAnswer = end.kind === 'value' || end.kind === 'not-found';
    this.#lastCall = { atMs: this.#parts.clock.epochMs(), ...(isAnswer ? {} : { failure: end }) };
    return end;
  }

  /** One call with a token that is valid and a permit that was charged for it. */
  async #callOnce(
    question: Question,
    work: Work,
    priority: Priority,
  ): Promise<{ outcome: Outcome; token: AccessToken }> {
    await this.#token(work); // before the permit: without a token no permit must be spent
    work.at('the quota');
    const permit = await this.#parts.quota.acquire(work, priority);
    let wasSent = false;
    try {
      const token = await this.#token(work); // again: the wait for the permit may have been long
      work.at(this.#parts.api.title);
      wasSent = true; // whatever ends the call, unless its outcome says otherwise
      const outcome = await this.#parts.call(question, token.token, work.signal);
      wasSent = outcome.kind !== 'unreachable' || outcome.wasSent;
      return { outcome, token };
    } finally {
      permit.settle(wasSent);
    }
  }

  #token(work: Work): Promise<AccessToken> {
    const { tokens, credential, api } = this.#parts;
    work.at('the identity endpoint');
    return tokens.get(credential, scopeOf(api.audience), work.signal);
  }

  /** Whether there is another token than the one that was refused. */
  async #renew(refused: AccessToken, work: Work): Promise<boolean> {
    const { tokens, credential, api } = this.#parts;
    work.at('the identity endpoint');
    const other = await tokens.renew(credential, scopeOf(api.audience), refused.token, work.signal);
    return other.token !== refused.token;
  }

  #failure(outcome: Failure, { token }: AccessToken, retryAfterMs?: number): EnrichmentError {
    const { clock, api } = this.#parts;
    if (isAbsence(outcome)) this.#failedInARow++;
    const retryAtMs = retryAfterMs === undefined ? undefined : clock.monotonicMs() + retryAfterMs;
    return explain(outcome, { api, claims: readClaims(token) }, retryAtMs);
  }
}
