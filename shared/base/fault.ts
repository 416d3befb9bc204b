import { asEnrichmentError, type ErrorKind, faultOf } from './errors.js';

/** What may be logged of anything thrown where no request is answered: its kind, and a foreign error's name and place. */
export function loggedFault(thrown: unknown): {
  readonly kind: ErrorKind;
  readonly name?: string;
  readonly place?: string;
} {
  const error = asEnrichmentError(thrown);
  return { kind: error.kind, ...faultOf(error) };
}

/** An error that tells the host that something failed, and no more: it logs what it gets, stack and all. */
export function failureWithoutStack(message: string): Error {
  const error = new Error(message);
  error.stack = '';
  return error;
}
