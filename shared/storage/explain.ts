import { isRestError } from '@azure/core-rest-pipeline';
import { IdentityError, StorageError } from '../errors.js';

/** When it is worth asking again after a failure that is known to pass but not when. */
const COME_BACK_MS = 5_000;

/**
 * A failed operation as an error for the reader. It never holds the library's own message, which can
 * name the account, its address and parts of a signature.
 */
export function explainStorage(error: unknown, nowMs: number): StorageError {
  return new StorageError(describe(error), { retryAtMs: nowMs + COME_BACK_MS, cause: error });
}

/** What an operation that took too long fails with, before it is explained. */
export function timedOut(): Error {
  return new TimeoutError();
}

class TimeoutError extends Error {}

function describe(error: unknown): string {
  if (error instanceof TimeoutError) {
    return 'The storage account of STATE_STORAGE did not answer in time. Ask again later.';
  }
  if (error instanceof IdentityError) {
    return (
      'There was no token for the storage account of STATE_STORAGE. Check the managed identity of the app, ' +
      "and __clientId of the connection if the identity is a user-assigned one (its client id, not the object's)."
    );
  }
  const status = isRestError(error) ? error.response?.status : undefined;
  if (status === 401 || status === 403) {
    return (
      `The storage account of STATE_STORAGE refused the app (HTTP ${status}). Give its identity the roles Storage Blob ` +
      "Data Contributor and Storage Queue Data Contributor, or mend the connection string's key; check the account's " +
      'firewall.'
    );
  }
  const code = isRestError(error) ? error.code : undefined;
  const what = status === undefined ? (code ?? 'no usable answer') : `HTTP ${status}`;
  return `The storage account of STATE_STORAGE could not be used (${what}). Ask again later; if it stays, check the connection.`;
}
