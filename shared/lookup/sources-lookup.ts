import type { Clock } from '../base/clock.js';
import { type Deadline, withDeadline } from '../base/deadline.js';
import { asEnrichmentError, DeadlineError } from '../base/errors.js';
import type { Aged } from './answer-cache.js';
import type { Lookup } from './lookup.js';
import type { SourceAnswer } from './source.js';
import { answerOf, isFinal, type Outcome, type SourcesOption } from './source-choice.js';
import type { SourceCircuit } from './source-circuit.js';

/** Looks alerts up by their ids, at one source or several. */
export interface AlertLookup {
  /**
   * What is known of an alert.
   * @param sources which of the sources are asked, where there are several; `first` unless given
   * @throws {EnrichmentError} when there is no answer before the deadline, or none to be had
   */
  find(alertId: string, deadline: Deadline, sources?: SourcesOption): Promise<Aged<SourceAnswer>>;
  /** An answer that this process has already: it costs nothing. */
  known(alertId: string, sources?: SourcesOption): Aged<SourceAnswer> | undefined;
}

/** One source among several. */
export interface SourceAmong {
  readonly name: string;
  readonly title: string;
  readonly lookup: Pick<Lookup<SourceAnswer>, 'find' | 'known'>;
  readonly circuit: SourceCircuit;
}

/**
 * How much of the time that is left one source may take, so that another one's answer still comes in time.
 */
const SHARE: Readonly<Record<SourcesOption, number>> = { first: 0.5, all: 0.75 };
/**
 * A source that is given less has not failed if it did not answer: half of what one call may take. A choice.
 */
const LONG_ENOUGH_MS = 5_000;

/** Asks several sources, each behind its own cache and quota. */
export class SourcesLookup implements AlertLookup {
  readonly #clock: Clock;
  readonly #sources: readonly SourceAmong[];
  readonly #answered: (alertId: string) => void;

  /**
   * @param sources in the order in which they are asked
   * @param answered called with each alert that there was an answer about
   */
  constructor(clock: Clock, sources: readonly SourceAmong[], answered: (alertId: string) => void = () => {}) {
    this.#clock = clock;
    this.#sources = sources;
    this.#answered = answered;
  }

  async find(
    alertId: string,
    deadline: Deadline,
    option: SourcesOption = 'first',
  ): Promise<Aged<SourceAnswer>> {
    const outcomes = await this.#askSome(alertId, deadline, option);
    const answer = answerOf(outcomes, option);
    this.#answered(alertId);
    return answer;
  }

  async #askSome(alertId: string, deadline: Deadline, option: SourcesOption): Promise<readonly Outcome[]> {
    // If none may be asked, they are asked all the same: there is nothing to lose.
    const isAnyLeft = this.#sources.some(({ circuit }) => !circuit.error);
    const ask = (source: SourceAmong, isLast: boolean) =>
      this.#ask(source, alertId, deadline, { mayBeLeftOut: isAnyLeft, share: isLast ? 1 : SHARE[option] });
    if (option === 'all') {
      return Promise.all(this.#sources.map((source) => ask(source, false)));
    }
    const outcomes: Outcome[] = [];
    for (const [index, source] of this.#sources.entries()) {
      const outcome = await ask(source, index === this.#sources.length - 1);
      outcomes.push(outcome);
      if (isFinal(outcome)) break;
    }
    return outcomes;
  }

  known(alertId: string, option: SourcesOption = 'first'): Aged<SourceAnswer> | undefined {
    const outcomes: Outcome[] = [];
    for (const { name, title, lookup } of this.#sources) {
      const found = lookup.known(alertId);
      if (!found) continue;
      const outcome: Outcome = { source: name, title, ok: true, found };
      outcomes.push(outcome);
      if (option === 'first' && isFinal(outcome)) break;
    }
    const isTelling = outcomes.some((outcome) => outcome.ok && outcome.found.answer.status !== 'not_found');
    return isTelling || outcomes.length === this.#sources.length ? answerOf(outcomes, option) : undefined;
  }

  async #ask(
    { name: source, title, lookup, circuit }: SourceAmong,
    alertId: string,
    deadline: Deadline,
    { mayBeLeftOut, share }: { readonly mayBeLeftOut: boolean; readonly share: number },
  ): Promise<Outcome> {
    if (lookup.known(alertId)) {
      return { source, title, ok: true, found: await lookup.find(alertId, deadline) };
    }
    const open = circuit.error;
    if (open && mayBeLeftOut) return { source, title, ok: false, error: open };
    circuit.asking();
    const ms = Math.max(0, (deadline.atMs - this.#clock.monotonicMs()) * share);
    try {
      const found = await this.#within(deadline, ms, share, (by) => lookup.find(alertId, by));
      circuit.answered();
      return { source, title, ok: true, found };
    } catch (thrown) {
      const error = asEnrichmentError(thrown);
      if (error.kind !== 'deadline-exceeded' || ms >= LONG_ENOUGH_MS) circuit.failed(error);
      return { source, title, ok: false, error };
    }
  }

  #within<T>(deadline: Deadline, ms: number, share: number, run: (by: Deadline) => Promise<T>): Promise<T> {
    if (share === 1) return run(deadline);
    const tooLate = () => new DeadlineError('This source took too long.');
    return withDeadline(this.#clock, ms, tooLate, run, deadline.signal);
  }
}
