import { asEnrichmentError } from '../../errors.js';
import type { WorkPlace } from '../../state.js';
import type { Check, Observation } from '../check.js';

/** Whether the queues of jobs and deliveries can be reached, and what waits in them. */
export const queues: Check = {
  name: 'queues',
  async examine({ app: { shared } }) {
    if (!shared) return [];
    return Promise.all([count('jobs', shared.jobs), count('deliveries', shared.deliveries)]);
  },
};

async function count(of: string, { queue, poison }: WorkPlace<unknown>): Promise<Observation> {
  try {
    const [waiting, poisoned] = await Promise.all([queue.count(), poison.count()]);
    const found = `About ${waiting} messages are in the queue of ${of}, those for later included`;
    if (poisoned === 0) return { status: 'ok', found: `${found}; none was given up.` };
    return {
      status: 'warn',
      found: `${found}; ${poisoned} were given up and wait to be ended as failed.`,
      fix: 'That takes seconds, so look again. If they stay, no worker runs: look for errors of the queue triggers in the log.',
    };
  } catch (error) {
    return { status: 'fail', found: `The queue of ${of}: ${asEnrichmentError(error).message}`, fix: FIX };
  }
}

const FIX =
  'Give the identity the role "Storage Queue Data Contributor": az role assignment create --role ' +
  '"Storage Queue Data Contributor" --assignee OBJECT_ID --scope STORAGE_ACCOUNT_ID';
