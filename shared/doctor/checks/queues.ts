import type { WorkPlace } from '../../app/state.js';
import { asEnrichmentError, type EnrichmentError } from '../../base/errors.js';
import type { Places } from '../../queue-work/blob-names.js';
import type { Check, Observation } from '../check.js';
import { isSameTrouble, storageFix } from '../storage-fix.js';

/** Whether the queues of jobs and deliveries can be reached, and what waits in them. */
export const queues: Check = {
  name: 'queues',
  async examine({ app: { settings, shared }, storage }) {
    if (!shared) return [];
    const counted = await Promise.all([count('jobs', shared.jobs), count('deliveries', shared.deliveries)]);
    const errors = counted.flatMap((one) => ('error' in one ? [one] : []));
    const seen = counted.flatMap((one) => ('error' in one ? [] : [one]));
    const [first, second] = errors;
    if (!first || isSameTrouble(first.error, await storage, settings.state.storage)) return seen;
    // One account has both: what keeps both from being read is said once.
    const isOne = second?.error.message === first.error.message;
    const failed = isOne ? [{ ...first, of: 'jobs and deliveries' }] : errors;
    return [
      ...seen,
      ...failed.map(({ of, error }): Observation => {
        const fix = storageFix(error, settings.state.storage, 'Storage Queue Data Contributor');
        return { status: 'fail', found: `The queues of ${of}: ${error.message}`, fix };
      }),
    ];
  },
};

async function count(
  of: string,
  { queue, poison }: WorkPlace<Places>,
): Promise<Observation | { readonly of: string; readonly error: EnrichmentError }> {
  try {
    const [waiting, poisoned] = await Promise.all([queue.count(), poison.count()]);
    const found = `About ${waiting} messages are in the queue of ${of}, including those for later`;
    if (poisoned === 0) return { status: 'ok', found: `${found}; none failed for good.` };
    return {
      status: 'warn',
      found: `${found}; ${poisoned} failed too often and wait to be recorded as failed.`,
      fix: 'That takes seconds, so look again. If they stay, no worker runs: look for errors of the queue triggers in the log.',
    };
  } catch (error) {
    return { of, error: asEnrichmentError(error) };
  }
}
