import { readOptions, type Values } from '../contract/option.js';
import { DOCTOR_OPTIONS, ENRICH_OPTIONS } from '../contract/options.js';
import { RequestError } from '../errors.js';

/** What a caller of `enrichAlert` asks for; each is described with its definition. */
export interface Options extends Omit<Values<typeof ENRICH_OPTIONS>, 'wait'> {
  /** How long the caller waits, in seconds. */
  readonly waitSeconds: number;
}

/** What a caller of the doctor asks for. */
export type DoctorOptions = Values<typeof DOCTOR_OPTIONS>;

/**
 * Reads the query of `enrichAlert`.
 * @throws {RequestError} for a parameter or value that is not known, with a list of what is
 */
export function parseOptions(query: URLSearchParams): Options {
  const { wait: waitSeconds, ...options } = readOptions(ENRICH_OPTIONS, query);
  checkTogether(options);
  return { ...options, waitSeconds };
}

/**
 * Reads the query of the doctor.
 * @throws {RequestError} for a parameter or value that is not known
 */
export function parseDoctorOptions(query: URLSearchParams): DoctorOptions {
  return readOptions(DOCTOR_OPTIONS, query);
}

function checkTogether({ as, mode }: Pick<Options, 'as' | 'mode'>): void {
  if (as === 'user' && mode === 'async') {
    throw new RequestError(
      'invalid-option',
      "mode=async does not go with as=user: the user's token would have to outlive the request. Use mode=sync.",
    );
  }
}

/** The options that shape an answer, as a query that `parseOptions` reads. */
export function answerQuery({ format, onFailure, stats }: Options): string {
  return new URLSearchParams({ format: format.name, onFailure, stats: String(stats) }).toString();
}
