import { asEnrichmentError } from '../../base/errors.js';
import { DEAD_KEPT_DAYS } from '../../delivery/delivery-store.js';
import type { Check } from '../check.js';
import { storageFix } from '../storage-fix.js';

/** So many ids are told; the log has all of them. */
const MOST_SHOWN = 5;

/** How many deliveries were given up and wait for somebody to send them again. */
export const deadLetters: Check = {
  name: 'dead-letters',
  async examine({ app: { deliveries, settings } }) {
    if (!deliveries) return [];
    try {
      const { ids, hasMore } = await deliveries.dead();
      if (ids.length === 0) return [{ status: 'ok', found: 'No delivery is a dead letter.' }];
      const count = `${ids.length}${hasMore ? ' or more' : ''}`;
      const shown = ids.slice(0, MOST_SHOWN).join(', ');
      return [
        {
          status: 'warn',
          found: `Dead letters: ${count}, kept for ${DEAD_KEPT_DAYS} days. Among them: ${shown}.`,
          fix:
            'GET /api/deliveries?status=dead-lettered lists them, and GET /api/deliveries/ID says why. Fix the destination, ' +
            'then POST /api/deliveries/redeliver?destination=NAME sends its dead letters again.',
        },
      ];
    } catch (error) {
      const fix = storageFix(error, settings.state.storage, 'Storage Blob Data Contributor');
      return [{ status: 'fail', found: asEnrichmentError(error).message, fix }];
    }
  },
};
