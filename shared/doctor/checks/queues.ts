import type { App } from '../../app/app.js';
import type { WorkPlace } from '../../app/state.js';
import { asEnrichmentError } from '../../base/errors.js';
import type { Places } from '../../queue-work/blob-names.js';
import type { Check, Observation } from '../check.js';
import { storageFix } from '../storage-fix.js';

/** Whether the queues of jobs and deliveries can be reached, and what waits in them. */
export const queues: Check = {
  name: 'queues',
  async examine({ app }) {
    const { shared } = app;
    if (!shared) return [];
    return Promise.all([count(app, 'jobs', shared.jobs), count(app, 'deliveries', shared.deliveries)]);
  },
};

async function count(
  { settings }: App,
  of: string,
  { queue, poison }: WorkPlace<Places>,
): Promise<Observation> {
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
    const found = `The queue of ${of}: ${asEnrichmentError(error).message}`;
    const fix = storageFix(error, settings.state.storage, 'Storage Queue Data Contributor');
    return { status: 'fail', found, fix };
  }
}
