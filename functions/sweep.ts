import { app } from '@azure/functions';
import type { Startup } from '../shared/app/app.js';
import { sweepRules } from '../shared/app/state.js';
import { failureWithoutStack, loggedFault } from '../shared/base/errors.js';
import { sweepJobs } from '../shared/jobs/sweep-jobs.js';
import { sweep, sweepAll } from '../shared/storage/sweep.js';

/** For each part, all together less than `functionTimeout` in host.json: what is left is left for the next day. */
const LONGEST_MS = 80_000;

/**
 * Once a day: sends a message for each delivery and job that has been without one for a day, and deletes what
 * has expired, which keeps the account from filling up. Not registered where nothing is stored.
 */
export function registerSweep(startup: Startup): void {
  if (!startup.ok || !startup.app.shared) return;
  const { clock, deliveries, settings, shared } = startup.app;
  const { store } = shared;
  const { resultHours } = settings.jobs;
  app.timer('sweep', {
    schedule: '0 17 3 * * *',
    handler: async (_timer, context) => {
      const { failure, ...swept } = await sweepAll([
        ...(deliveries ? [() => deliveries.sweep(LONGEST_MS)] : []),
        () => sweepJobs({ store, clock, resultHours, ...shared.jobs }, LONGEST_MS),
        () => sweep(store, clock, sweepRules(shared), LONGEST_MS),
      ]);
      context.info(JSON.stringify({ event: 'swept', ...swept }));
      if (failure === undefined) return;
      context.error(JSON.stringify({ event: 'sweep-fault', ...loggedFault(failure) }));
      throw failureWithoutStack('A part of the sweep failed. The next one makes up for it.');
    },
  });
}
