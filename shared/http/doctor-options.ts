import { isEndpointAlertId } from '../alert-id.js';
import { RequestError } from '../errors.js';
import { checkNames, oneOf } from './options.js';

/** What a caller of the doctor asks for. */
export interface DoctorOptions {
  readonly format: 'json' | 'text';
  /** The alert to make one call to Defender about. */
  readonly probe: string | undefined;
}

const FORMATS = ['json', 'text'] as const;

/**
 * Reads the query of the doctor.
 * @throws {RequestError} for a parameter or value that is not known
 */
export function parseDoctorOptions(query: URLSearchParams): DoctorOptions {
  checkNames(query, ['format', 'probe']);
  const probe = query.get('probe') ?? undefined;
  if (probe !== undefined && !isEndpointAlertId(probe)) {
    throw new RequestError(
      'invalid-alert-id',
      'The option "probe" must be the id of a Defender for Endpoint alert.',
    );
  }
  return { format: oneOf(query, 'format', FORMATS, 'json', String), probe };
}
