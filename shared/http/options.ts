import type { Destination } from '../delivery/destination.js';
import { RequestError } from '../errors.js';
import type { Format } from '../formats/format.js';
import { FORMATS } from '../formats/index.js';

/** What a caller of `enrichAlert` asks for. */
export interface Options {
  readonly format: Format;
  /** How long the caller waits, in seconds. */
  readonly waitSeconds: number;
  /** When the answer is a problem instead of a result: see docs/http-api.md. */
  readonly onFailure: 'partial' | 'fail' | 'degrade';
  /** Whether each public address comes with its prevalence. */
  readonly stats: boolean;
  /** In whose name Defender is asked: the app's own, or that of the user whose token the caller sends. */
  readonly as: 'app' | 'user';
  /** Whether the work may become a job: never, when it cannot be done in time, or in any case. */
  readonly mode: 'sync' | 'auto' | 'async';
  /** What makes a repeated post the same one; absent: body and options do. */
  readonly dedupe: string | undefined;
  /** Where the enriched alert is forwarded. */
  readonly forward: Destination | undefined;
}

/** How long a caller waits who does not say: Logic Apps and most HTTP steps allow more. */
export const DEFAULT_WAIT_SECONDS = 25;
/** The platform cuts an answer at 230 s. */
const MOST_WAIT_SECONDS = 220;
const ON_FAILURE = ['partial', 'fail', 'degrade'] as const;
const AS = ['app', 'user'] as const;
const MODES = ['sync', 'auto', 'async'] as const;
const LONGEST_DEDUPE = 200;

/** Parameters of hosts, gateways and webhook handshakes, which are none of ours. */
const IGNORED = new Set(['code', 'clientid', 'validationtoken', 'subscription-key', 'api-version']);

const KNOWN = ['format', 'mode', 'wait', 'onFailure', 'stats', 'as', 'dedupe', 'forward'];

/**
 * Reads the query of `enrichAlert`.
 * @param destinations those that are configured
 * @throws {RequestError} for a parameter or value that is not known, with a list of what is
 */
export function parseOptions(query: URLSearchParams, destinations: readonly Destination[]): Options {
  checkNames(query, KNOWN);
  const options: Options = {
    format: oneOf(query, 'format', FORMATS, FORMATS[0], ({ name }) => name),
    waitSeconds: wait(query.get('wait')),
    onFailure: oneOf(query, 'onFailure', ON_FAILURE, 'partial', String),
    stats: oneOf(query, 'stats', [true, false], false, String),
    as: oneOf(query, 'as', AS, 'app', String),
    mode: oneOf(query, 'mode', MODES, 'sync', String),
    dedupe: dedupe(query.get('dedupe')),
    forward: forward(query, destinations),
  };
  checkTogether(options);
  return options;
}

function checkTogether({ as, mode, forward }: Options): void {
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

/**
 * Whether a query has known parameters only, each once.
 * @throws {RequestError} that lists what is known
 */
export function checkNames(query: URLSearchParams, known: readonly string[]): void {
  for (const name of new Set(query.keys())) {
    if (IGNORED.has(name.toLowerCase())) continue;
    if (!known.includes(name)) {
      throw new RequestError(
        'unknown-option',
        `A query parameter is not known. Known are: ${known.join(', ')}.`,
      );
    }
    if (query.getAll(name).length > 1) throw invalid(name, 'once only');
  }
}

/** The options that shape an answer, as a query that `parseOptions` reads. */
export function answerQuery({ format, onFailure, stats }: Options): string {
  return new URLSearchParams({ format: format.name, onFailure, stats: String(stats) }).toString();
}

function dedupe(value: string | null): string | undefined {
  if (value === null) return undefined;
  if (value === '' || value.length > LONGEST_DEDUPE) {
    throw invalid('dedupe', `a text of 1 to ${LONGEST_DEDUPE} characters`);
  }
  return value;
}

function forward(query: URLSearchParams, destinations: readonly Destination[]): Destination | undefined {
  if (query.has('forward') && destinations.length === 0) {
    throw new RequestError(
      'invalid-option',
      'The option "forward" names a destination, and none is configured: see FORWARD_DESTINATIONS.',
    );
  }
  return oneOf(query, 'forward', destinations, undefined, ({ name }) => name);
}

function wait(value: string | null): number {
  if (value === null) return DEFAULT_WAIT_SECONDS;
  const seconds = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (seconds < 1 || seconds > MOST_WAIT_SECONDS) {
    throw invalid('wait', `a whole number of seconds from 1 to ${MOST_WAIT_SECONDS}`);
  }
  return seconds;
}

/**
 * The value of an option that takes one of several.
 * @throws {RequestError} that lists them
 */
export function oneOf<T, F = T>(
  query: URLSearchParams,
  option: string,
  allowed: readonly T[],
  fallback: F,
  nameOf: (one: T) => string,
): T | F {
  const value = query.get(option);
  if (value === null) return fallback;
  const found = allowed.find((one) => nameOf(one) === value);
  if (found === undefined) throw invalid(option, `one of ${allowed.map(nameOf).join(', ')}`);
  return found;
}

function invalid(option: string, wanted: string): RequestError {
  return new RequestError('invalid-option', `The option "${option}" takes ${wanted}.`);
}
