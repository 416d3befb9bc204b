import type { Clock } from '../base/clock.js';
import type { EnrichmentError, ErrorKind } from '../base/errors.js';

/**
 * Failures in a row after which a source is left alone. A choice; the client itself makes one attempt by
 * then.
 */
export const OPENS_AFTER = 5;
/** How long, if it may be back at any time. */
const AWAY_MS = 30_000;
/** How long, if somebody has to change something first. */
const REFUSED_MS = 300_000;

/** Only a change by an administrator, here or at the source, can end these. */
const LASTING: readonly ErrorKind[] = [
  'source-retired',
  'source-refused',
  'permission-missing',
  'token-refused',
  'identity-refused',
];
/** These say nothing of the source: a spent quota is told at once, and costs no call. */
const NOT_COUNTED: readonly ErrorKind[] = [
  'quota-exhausted',
  'storage-unavailable',
  'app-stopping',
  'internal-error',
  'invalid-alert-id',
];

/**
 * Leaves a source alone for a while that does not answer, where there is another one to ask: then it costs no
 * call. A single question is let through each time the while is over, to see whether it is back (half-open).
 */
export class SourceCircuit {
  readonly #clock: Clock;
  #failedInARow = 0;
  #openUntilMs = Number.NEGATIVE_INFINITY;
  #last: EnrichmentError | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Why the source is not to be asked now; undefined when it may be. */
  get error(): EnrichmentError | undefined {
    return this.#clock.monotonicMs() < this.#openUntilMs ? this.#last : undefined;
  }

  /**
   * A question is about to be asked: if it is the one that is let through, others wait for what comes of it.
   */
  asking(): void {
    if (this.#last && this.#isOpen()) this.#openUntilMs = this.#clock.monotonicMs() + AWAY_MS;
  }

  /** The source has answered, be it that it does not know the alert. */
  answered(): void {
    this.#failedInARow = 0;
    this.#last = undefined;
    this.#openUntilMs = Number.NEGATIVE_INFINITY;
  }

  failed(error: EnrichmentError): void {
    if (NOT_COUNTED.includes(error.kind)) return;
    this.#failedInARow++;
    this.#last = error;
    if (!this.#isOpen()) return;
    const ms = LASTING.includes(error.kind) ? REFUSED_MS : AWAY_MS;
    this.#openUntilMs = this.#clock.monotonicMs() + ms;
  }

  /** That it is gone for good, a source says once; anything else can be about one alert. */
  #isOpen(): boolean {
    return this.#last?.kind === 'source-retired' || this.#failedInARow >= OPENS_AFTER;
  }
}
