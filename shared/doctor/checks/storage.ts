import type { App } from '../../app/app.js';
import { StorageError } from '../../base/errors.js';
import type { Check } from '../check.js';
import { storageFix } from '../storage-fix.js';

/** Written and deleted again; a crash in between leaves a blob that says what it is. */
const PROBE_BLOB = 'doctor/can-be-deleted.json';

/** Whether the shared state can be kept: the account can be reached, and this identity or key may write. */
export const storage: Check = {
  name: 'storage',
  async examine({ app: { settings, shared }, storage: looked }) {
    if (!shared) {
      const found =
        'STATE_STORAGE is memory: the quota is right while there is one instance with one process.';
      return [{ status: 'ok', found }];
    }
    const error = await looked;
    if (!error)
      return [{ status: 'ok', found: 'The storage account of STATE_STORAGE can be reached and written to.' }];
    const fix = storageFix(error, settings.state.storage, 'Storage Blob Data Contributor');
    return [{ status: 'fail', found: error.message, fix }];
  },
};

/** Writes a blob and deletes it. @returns what kept it from that */
export async function tryStorage({ shared }: App): Promise<StorageError | undefined> {
  if (!shared) return undefined;
  try {
    const { etag } = await shared.store.write(PROBE_BLOB, '{}', 'any');
    if (etag !== undefined) await shared.store.delete(PROBE_BLOB, etag);
    return undefined;
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
}
