import { RequestError } from '../base/errors.js';
import { readOptions, type Values } from '../contract/option-kinds.js';
import {
  DEAD_LETTER_OPTIONS,
  DOCTOR_OPTIONS,
  ENRICH_OPTIONS,
  JOB_OPTIONS,
  REDELIVER_OPTIONS,
} from '../contract/options.js';
import { type Destination, destinationNamed } from '../delivery/destination.js';

/** What a caller of `enrichAlert` asks for; each is described with its definition. */
export interface Options extends Omit<Values<typeof ENRICH_OPTIONS>, 'wait' | 'forward'> {
  /** How long the caller waits, in seconds. */
  readonly waitSeconds: number;
  readonly forward: Destination | undefined;
}

/** What a caller of the doctor asks for. */
export type DoctorOptions = Values<typeof DOCTOR_OPTIONS>;

/**
 * Reads the query of `enrichAlert`.
 * @param destinations those that are configured
 * @throws {RequestError} for a parameter or value that is not known, with a list of what is
 */
export function parseOptions(query: URLSearchParams, destinations: readonly Destination[]): Options {
  const { wait: waitSeconds, forward: name, ...asked } = readOptions(ENRICH_OPTIONS, query);
  const forward = name === undefined ? undefined : configured('forward', name, destinations);
  const options = { ...asked, waitSeconds, forward };
  checkTogether(options);
  return options;
}

function configured(
  option: string,
  name: string | undefined,
  destinations: readonly Destination[],
): Destination {
  const found = name === undefined ? undefined : destinationNamed(destinations, name);
  if (found) return found;
  const names = destinations.map((one) => one.name).join(', ');
  throw new RequestError(
    'invalid-option',
    names
      ? `The option "${option}" takes one of ${names}.`
      : `The option "${option}" names a destination, and none is configured: see FORWARD_DESTINATIONS.`,
  );
}

/**
 * Reads the query of the doctor.
 * @throws {RequestError} for a parameter or value that is not known
 */
export function parseDoctorOptions(query: URLSearchParams): DoctorOptions {
  return readOptions(DOCTOR_OPTIONS, query);
}

/**
 * Reads the query of a question for a job. What else stands in it is left alone: the address is one that
 * others build upon.
 * @throws {RequestError} for a value that is not known
 */
export function parseJobOptions(query: URLSearchParams): Values<typeof JOB_OPTIONS> {
  const ours = [...query].filter(([name]) => Object.hasOwn(JOB_OPTIONS, name));
  return readOptions(JOB_OPTIONS, new URLSearchParams(ours));
}

/**
 * Reads the query of the list of dead letters. A destination that is configured no more may still have some.
 * @throws {RequestError} for a parameter or value that is not known
 */
export function parseDeadLetterOptions(query: URLSearchParams): Values<typeof DEAD_LETTER_OPTIONS> {
  return readOptions(DEAD_LETTER_OPTIONS, query);
}

/**
 * Reads which dead letters are to be sent again.
 * @throws {RequestError} for a parameter or value that is not known, and without a configured destination
 */
export function parseRedeliverOptions(
  query: URLSearchParams,
  destinations: readonly Destination[],
): { readonly destination: string; readonly sinceMs: number; readonly untilMs: number } {
  const { destination, since = 0, until = Number.MAX_SAFE_INTEGER } = readOptions(REDELIVER_OPTIONS, query);
  const { name } = configured('destination', destination, destinations);
  return { destination: name, sinceMs: since, untilMs: until };
}

function checkTogether({ as, mode, forward }: Pick<Options, 'as' | 'mode' | 'forward'>): void {
  if (as === 'user' && mode === 'async') {
    throw new RequestError(
      'invalid-option',
      "mode=async does not go with as=user: the user's token would have to outlive the request. Use mode=sync.",
    );
  }
  if (as === 'user' && forward) {
    throw new RequestError(
      'invalid-option',
      'forward does not go with as=user: what a user may see is not kept, and not sent to others. Use as=app.',
    );
  }
}

/** The options that shape an answer, as a query that `parseOptions` reads. */
export function answerQuery({ format, onFailure, stats, scope, sources }: Options): string {
  const asked = {
    format: format.name,
    onFailure,
    stats: String(stats),
    // Left out while they are the default, so that a post has the same query as one of the version before.
    ...(scope === 'all' ? {} : { scope }),
    ...(sources === 'first' ? {} : { sources }),
  };
  return new URLSearchParams(asked).toString();
}
