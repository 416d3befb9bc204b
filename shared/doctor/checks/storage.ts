import { asEnrichmentError } from '../../base/errors.js';
import type { Check } from '../check.js';
import { storageFix } from '../storage-fix.js';

/** Written and deleted again; a crash in between leaves a blob that says what it is. */
const PROBE_BLOB = 'doctor/can-be-deleted.json';

/** Whether what instances share can be kept: reachable, and writable by this identity or key. */
export const storage: Check = {
  name: 'storage',
  async examine({ app: { settings, shared } }) {
    if (!shared) {
      const found =
        'STATE_STORAGE is memory: the quota is right while there is one instance, and one process in it.';
      return [{ status: 'ok', found }];
    }
    const { store } = shared;
    try {
      const { etag } = await store.write(PROBE_BLOB, '{}', 'any');
      if (etag !== undefined) await store.delete(PROBE_BLOB, etag);
      return [{ status: 'ok', found: 'The storage account of STATE_STORAGE can be reached and written to.' }];
    } catch (error) {
      const fix = storageFix(error, settings.state.storage, 'Storage Blob Data Contributor');
      return [{ status: 'fail', found: asEnrichmentError(error).message, fix }];
    }
  },
};
