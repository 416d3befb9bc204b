import { asEnrichmentError, StorageError } from '../../base/errors.js';
import { DEAD_KEPT_DAYS } from '../../delivery/delivery-store.js';
import type { Check } from '../check.js';
import { storageFix } from '../storage-fix.js';

/** So many ids are shown; the log has all of them. */
const MOST_SHOWN = 5;

/** How many deliveries failed for good and wait for somebody to send them again. */
export const deadLetters: Check = {
  name: 'dead-letters',
  async examine({ app: { deliveries, settings }, storage }) {
    if (!deliveries) return [];
    try {
      const { ids, hasMore } = await deliveries.dead();
      if (ids.length === 0) return [{ status: 'ok', found: 'No delivery is a dead letter.' }];
      const count = `${ids.length}${hasMore ? ' or more' : ''}`;
      const hidden = hasMore || ids.length > MOST_SHOWN;
      const shown = ids.slice(0, MOST_SHOWN).join(', ');
      return [
        {
          status: 'warn',
          found: `Dead letters: ${count}, kept for ${DEAD_KEPT_DAYS} days${hidden ? ', including' : ''}: ${shown}.`,
          fix:
            'GET /api/deliveries?status=dead-lettered lists them, and GET /api/deliveries/ID says why. Fix the destination, ' +
            'then POST /api/deliveries/redeliver?destination=NAME sends its dead letters again.',
        },
      ];
    } catch (error) {
      // Its blobs are in the same account, and want the same role.
      if (error instanceof StorageError && (await storage)?.trouble === error.trouble) return [];
      const fix = storageFix(error, settings.state.storage, 'Storage Blob Data Contributor');
      return [{ status: 'fail', found: asEnrichmentError(error).message, fix }];
    }
  },
};
