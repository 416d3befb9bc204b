import { app } from '@azure/functions';
import type { Startup } from '../shared/app.js';
import { sweepDeliveries } from '../shared/delivery/sweep-deliveries.js';
import { sweepJobs } from '../shared/jobs/sweep-jobs.js';
import { sweepRules } from '../shared/state.js';
import { type Swept, sweep } from '../shared/storage/sweep.js';

/** For each part, all together less than `functionTimeout` in host.json: what is left is left for the next day. */
const LONGEST_MS = 80_000;

/**
 * Once a day: deletes what has expired. Nothing depends on it, since whatever is read is checked on
 * reading; it only keeps the account from filling up. Not registered where nothing is stored.
 */
export function registerSweep(startup: Startup): void {
  if (!startup.ok || !startup.app.shared) return;
  const { clock, settings, shared } = startup.app;
  const { store } = shared;
  const { resultHours } = settings.jobs;
  app.timer('sweep', {
    schedule: '0 17 3 * * *',
    handler: async (_timer, context) => {
      const swept = await sweep(store, clock, sweepRules(settings, shared), LONGEST_MS);
      const jobs = await sweepJobs({ store, clock, resultHours, ...shared.jobs }, LONGEST_MS);
      const deliveries = await sweepDeliveries({ store, clock, ...shared.deliveries }, LONGEST_MS);
      const parts = [swept, jobs, deliveries];
      const sum = (of: (part: Swept) => number) => parts.reduce((total, part) => total + of(part), 0);
      const all = { seen: sum(({ seen }) => seen), deleted: sum(({ deleted }) => deleted) };
      context.info(
        JSON.stringify({ event: 'swept', ...all, finished: parts.every(({ finished }) => finished) }),
      );
    },
  });
}
