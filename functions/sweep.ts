import { app } from '@azure/functions';
import type { Startup } from '../shared/app.js';
import { sweepJobs } from '../shared/jobs/sweep-jobs.js';
import { expired } from '../shared/state.js';
import { sweep } from '../shared/storage/sweep.js';

/** For each part, both together less than `functionTimeout` in host.json: what is left is left for the next day. */
const LONGEST_MS = 2 * 60_000;

/**
 * Once a day: deletes what has expired. Nothing depends on it, since whatever is read is checked on
 * reading; it only keeps the account from filling up. Not registered where nothing is stored.
 */
export function registerSweep(startup: Startup): void {
  if (!startup.ok || !startup.app.shared) return;
  const { clock, settings, shared } = startup.app;
  const { store, places } = shared;
  const { resultHours } = settings.jobs;
  app.timer('sweep', {
    schedule: '0 17 3 * * *',
    handler: async (_timer, context) => {
      const swept = await sweep(store, clock, expired(settings), LONGEST_MS);
      const jobs = await sweepJobs({ store, clock, places, resultHours }, LONGEST_MS);
      const all = { seen: swept.seen + jobs.seen, deleted: swept.deleted + jobs.deleted };
      context.info(JSON.stringify({ event: 'swept', ...all, finished: swept.finished && jobs.finished }));
    },
  });
}
