import { isRestError, RestError } from '@azure/core-rest-pipeline';
import { IdentityError, StorageError, type StorageTrouble } from '../base/errors.js';
import { networkFailure } from '../base/web.js';

/** When it is worth asking again after a failure that is known to pass but not when. */
const COME_BACK_MS = 5_000;

/**
 * A failed operation as an error for the reader. It never holds the library's own message, which can
 * name the account, its address and parts of a signature.
 */
export function explainStorage(error: unknown, nowMs: number): StorageError {
  if (error instanceof StorageError) return error;
  const trouble = troubleOf(error);
  return new StorageError(describe(error, trouble), {
    trouble,
    retryAtMs: nowMs + COME_BACK_MS,
    cause: error,
  });
}

/** A storage library that could not be loaded or set up: the storage was not asked, and is not to blame. */
export function explainOpening(error: unknown, nowMs: number): StorageError {
  const { code, name } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return new StorageError(
    `The storage library could not be loaded, or did not take the connection of STATE_STORAGE (${code ?? name ?? 'unknown fault'}): ` +
      'the storage account was not asked. Ask again; if it stays, check the connection, then deploy the app again.',
    { retryAtMs: nowMs + COME_BACK_MS, cause: error },
  );
}

/** What an operation that took too long fails with, before it is explained. */
export function timedOut(): Error {
  return new TimeoutError();
}

class TimeoutError extends Error {}

function describe(error: unknown, trouble: StorageTrouble): string {
  const { status, code } = factsOf(error);
  switch (trouble) {
    case 'slow':
      return 'The storage account of STATE_STORAGE did not answer in time. Ask again later.';
    case 'no-token':
      return (
        'There was no token for the storage account of STATE_STORAGE. Check the managed identity of the app, ' +
        "and __clientId of the connection if the identity is a user-assigned one (its client id, not the object's)."
      );
    case 'refused':
      return (
        `The storage account of STATE_STORAGE refused the app (HTTP ${status}). Give its identity the roles Storage Blob ` +
        "Data Contributor and Storage Queue Data Contributor, or correct the connection string's key; check the account's " +
        'firewall.'
      );
    case 'unknown-name':
      return (
        `No storage account has the name that the connection of STATE_STORAGE gives, or DNS does not know it here (${code}). ` +
        'Check the name; a private endpoint needs its DNS zone linked to the virtual network of this app.'
      );
    default: {
      const what = status === undefined ? (code ?? 'no usable answer') : `HTTP ${status}`;
      return `The storage account of STATE_STORAGE could not be used (${what}). Ask again later; if it stays, check the connection.`;
    }
  }
}

function troubleOf(error: unknown): StorageTrouble {
  if (error instanceof TimeoutError) return 'slow';
  if (error instanceof IdentityError) return 'no-token';
  const { status, code } = factsOf(error);
  if (status === 401 || status === 403) return 'refused';
  if (status !== undefined || code === undefined || code === RestError.PARSE_ERROR) return 'other';
  if (code === 'ENOTFOUND') return 'unknown-name';
  const failure = networkFailure(code);
  return failure === 'malformed' ? 'other' : failure;
}

/** The answer's status; without an answer, the code of what went wrong. */
function factsOf(error: unknown): {
  readonly status?: number | undefined;
  readonly code?: string | undefined;
} {
  return isRestError(error) ? { status: error.response?.status, code: error.code } : {};
}
