import { app } from '@azure/functions';
import type { Startup } from '../shared/app.js';
import { expired } from '../shared/state.js';
import { sweep } from '../shared/storage/sweep.js';

/** Less than `functionTimeout` in host.json: what is left is left for the next day. */
const LONGEST_MS = 4 * 60_000;

/**
 * Once a day: deletes what has expired. Nothing depends on it, since whatever is read is checked on
 * reading; it only keeps the account from filling up. Not registered where nothing is stored.
 */
export function registerSweep(startup: Startup): void {
  if (!startup.ok || !startup.app.store) return;
  const { store, clock, settings } = startup.app;
  app.timer('sweep', {
    schedule: '0 17 3 * * *',
    handler: async (_timer, context) => {
      const swept = await sweep(store, clock, expired(settings), LONGEST_MS);
      context.info(JSON.stringify({ event: 'swept', ...swept }));
    },
  });
}
