import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.js';
import { runWithin, unlessAborted } from '../base/deadline.js';
import { asEnrichmentError, type EnrichmentError, IdentityError } from '../base/errors.js';
import { type Emit, emitNothing } from '../base/telemetry-event.js';

/** A bearer token and its end. */
export interface AccessToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresOnMs: number;
  /** From when on the credential has another token, in milliseconds since the epoch, where it says so. */
  readonly refreshAfterMs?: number;
}

/** A token as @azure/core-auth has it, in our form. */
export function toAccessToken(
  answer: { token: string; expiresOnTimestamp: number; refreshAfterTimestamp?: number } | null,
): AccessToken {
  if (!answer?.token) {
    throw new IdentityError(
      'identity-unavailable',
      'The identity endpoint answered without a token. Try again.',
    );
  }
  const { token, expiresOnTimestamp: expiresOnMs, refreshAfterTimestamp: refreshAfterMs } = answer;
  return { token, expiresOnMs, ...(refreshAfterMs === undefined ? {} : { refreshAfterMs }) };
}

/** What to ask for a token that `audience` accepts; one spelling, since tokens are kept by it. */
export function scopeOf(audience: string): string {
  return `${audience}/.default`;
}

/** Something that can get tokens, slowly. */
export interface Credential {
  /** Everything beside the scope that makes its tokens different from another credential's. */
  readonly key: string;
  /**
   * @param scope such as `https://api.securitycenter.microsoft.com/.default`
   * @param signal aborted when nobody waits for this attempt any more: it asks for nothing after that
   */
  getToken(scope: string, signal: AbortSignal): Promise<AccessToken>;
}

/** The longest that one attempt may take, whatever the library does meanwhile. */
export const TOKEN_TIMEOUT_MS = 10_000;
/** How long a failure is the answer, so that a storm of callers makes one attempt, not hundreds. */
const FAILURE_MEMORY_MS = 5_000;
/** A token that ends sooner is not used: the call has to arrive with it, and clocks differ. */
const EXPIRY_MARGIN_MS = 30_000;
/**
 * When to ask again after a refresh that brought the same token: a choice, for an endpoint on this machine.
 */
const SAME_TOKEN_RETRY_MS = 60_000;
/** The identity library compares whole seconds, and a moment counts as past only after its second. */
const LIBRARY_CLOCK_STEP_MS = 1_000;
/** Credentials and scopes are few: settings name them. This only bounds what a mistake could cost. */
const MOST_ENTRIES = 100;

/**
 * Access tokens for all callers. The library's own cache has no single flight, makes callers wait
 * for its refresh from a token's half-life on, and waits for ever for an endpoint that hangs; this
 * one makes one attempt at a time per key, refreshes in the background from half-life, and goes on
 * with a token that is still valid while the endpoint is down.
 *
 * The same token back is no refresh, and is asked about again: the platform keeps tokens for about a day.
 */
export class TokenCache {
  readonly #clock: Clock;
  readonly #emit: Emit;
  readonly #entries = new LRUCache<string, Entry>({ max: MOST_ENTRIES });

  constructor(clock: Clock, emit: Emit = emitNothing) {
    this.#clock = clock;
    this.#emit = emit;
  }

  /**
   * A token that is valid now.
   * @param signal lets the caller leave early; without it the caller waits for the attempt, 10 s at the
   *   longest
   * @throws {IdentityError} when there is none to be had
   * @throws the signal's reason when it is aborted; the attempt goes on for the other callers
   */
  get(credential: Credential, scope: string, signal?: AbortSignal): Promise<AccessToken> {
    const token = this.#entry(credential, scope).get();
    return signal ? unlessAborted(token, signal) : token;
  }

  /**
   * A token to use instead of `rejected`, which the receiver did not accept. Of use for the tokens of
   * users, which come fresh from Entra. A managed identity never has another one: the platform and the
   * library cache it for about a day, so the caller gets the same token again and knows.
   */
  renew(credential: Credential, scope: string, rejected: string, signal: AbortSignal): Promise<AccessToken> {
    return unlessAborted(this.#entry(credential, scope).renew(rejected), signal);
  }

  #entry(credential: Credential, scope: string): Entry {
    const key = `${credential.key} ${scope}`;
    let entry = this.#entries.get(key);
    if (!entry) {
      const tell = (outcome: string, durationMs: number) =>
        this.#emit({ kind: 'token-refresh', scope, outcome, durationMs });
      entry = new Entry(this.#clock, (signal) => credential.getToken(scope, signal), tell);
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

class Entry {
  readonly #clock: Clock;
  readonly #acquire: (signal: AbortSignal) => Promise<AccessToken>;
  readonly #tell: (outcome: string, durationMs: number) => void;
  #token: AccessToken | undefined;
  #refreshAtMs = 0;
  #attempt: Promise<AccessToken> | undefined;
  #failure: { readonly error: EnrichmentError; readonly untilMs: number } | undefined;

  constructor(
    clock: Clock,
    acquire: (signal: AbortSignal) => Promise<AccessToken>,
    tell: (outcome: string, durationMs: number) => void,
  ) {
    this.#clock = clock;
    this.#acquire = acquire;
    this.#tell = tell;
  }

  async get(): Promise<AccessToken> {
    if (!this.#token || !this.#isValid(this.#token)) return this.#attemptOnce();
    if (this.#clock.epochMs() >= this.#refreshAtMs) this.#attemptOnce().catch(() => {}); // the old one will do
    return this.#token;
  }

  async renew(rejected: string): Promise<AccessToken> {
    if (this.#token && this.#token.token !== rejected) return this.get();
    return this.#attemptOnce();
  }

  #isValid(token: AccessToken): boolean {
    return token.expiresOnMs - EXPIRY_MARGIN_MS > this.#clock.epochMs();
  }

  /** The attempt in flight, the failure remembered, or a new attempt. */
  #attemptOnce(): Promise<AccessToken> {
    if (this.#failure && this.#clock.monotonicMs() < this.#failure.untilMs) {
      return Promise.reject(this.#failure.error);
    }
    this.#attempt ??= this.#try().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  async #try(): Promise<AccessToken> {
    const beganMs = this.#clock.monotonicMs();
    const tell = (outcome: string) => this.#tell(outcome, this.#clock.monotonicMs() - beganMs);
    try {
      const token = await runWithin(this.#clock, TOKEN_TIMEOUT_MS, tookTooLong, ({ signal }) =>
        this.#acquire(signal),
      );
      tell(this.#store(token));
      return token;
    } catch (error) {
      const failure = asEnrichmentError(error);
      tell(failure.kind);
      throw this.#remember(failure);
    }
  }

  /** @returns what became of the attempt, for telemetry */
  #store(token: AccessToken): 'refreshed' | 'same-token' {
    if (!this.#isValid(token)) {
      throw new IdentityError(
        'identity-unavailable',
        "The identity endpoint gave a token that has ended or is about to. Check this machine's clock.",
      );
    }
    const nowMs = this.#clock.epochMs();
    const isSame = token.token === this.#token?.token;
    this.#token = token;
    this.#refreshAtMs = refreshTimeMs(token, isSame, nowMs);
    this.#failure = undefined;
    return isSame ? 'same-token' : 'refreshed';
  }

  #remember({ kind, message, cause, upstream, challenge }: EnrichmentError): EnrichmentError {
    const untilMs = this.#clock.monotonicMs() + FAILURE_MEMORY_MS;
    const error = new IdentityError(kind, message, {
      cause,
      ...(upstream ? { upstream } : {}),
      ...(challenge ? { challenge } : {}),
      ...(kind === 'identity-unavailable' ? { retryAtMs: untilMs } : {}),
    });
    this.#failure = { error, untilMs };
    return error;
  }
}

/** When to ask for the next token, in milliseconds since the epoch. */
function refreshTimeMs({ expiresOnMs, refreshAfterMs }: AccessToken, isSame: boolean, nowMs: number): number {
  const dueMs = refreshAfterMs === undefined ? undefined : refreshAfterMs + LIBRARY_CLOCK_STEP_MS;
  if (isSame) return Math.max(dueMs ?? 0, nowMs + SAME_TOKEN_RETRY_MS);
  return dueMs ?? nowMs + (expiresOnMs - nowMs) / 2;
}

function tookTooLong(): Error {
  return new IdentityError(
    'identity-unavailable',
    `The identity endpoint gave no token within ${TOKEN_TIMEOUT_MS / 1000} s. ` +
      'This is usually short; if it stays, restart the function app.',
  );
}
