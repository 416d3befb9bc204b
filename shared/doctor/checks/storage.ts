import { asEnrichmentError } from '../../errors.js';
import type { Check } from '../check.js';
import { setSetting } from '../commands.js';

/** Written and deleted again; a crash in between leaves a blob that says what it is. */
const PROBE_BLOB = 'doctor/can-be-deleted.json';

/** Whether what instances share can be kept: reachable, and writable by this identity or key. */
export const storage: Check = {
  name: 'storage',
  async examine({ app: { shared } }) {
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
      return [{ status: 'fail', found: asEnrichmentError(error).message, fix: FIX }];
    }
  },
};

const FIX =
  'Give the identity the roles "Storage Blob Data Contributor" and "Storage Queue Data Contributor": az role assignment ' +
  'create --role ROLE --assignee OBJECT_ID --scope STORAGE_ACCOUNT_ID; or name another connection: ' +
  setSetting('STATE_STORAGE', 'NAME_OF_A_CONNECTION');
