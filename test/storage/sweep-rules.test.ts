import { expect, test } from '@jest/globals';
import { createApp } from '../../shared/app/app.js';
import { sweepRules } from '../../shared/app/state.js';
import { systemClock } from '../../shared/base/clock.js';
import { sweep } from '../../shared/storage/sweep.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

const DAY_MS = 86_400_000;

test('the daily sweep deletes answers that are of no use to any app of the account, and ledgers that were set aside: never a ledger in use', async () => {
  // This app keeps no answers at all; the others of the account may.
  const settings = {
    AzureWebJobsStorage: 'UseDevelopmentStorage=true',
    IPS_CACHE_SECONDS: '0',
    NOT_FOUND_CACHE_SECONDS: '0',
  };
  const startup = createApp(settings, { clock: systemClock, random: Math.random, report: () => {} });
  if (!startup.ok || !startup.app.shared) throw new Error('these settings are right');
  const rules = sweepRules(startup.app.shared);

  const time = new VirtualClock();
  const store = new MemoryBlobStore(time);
  const write = (...names: string[]) => Promise.all(names.map((name) => store.write(name, '{}', 'any')));
  const sweepNow = () => time.until(sweep(store, time, rules, 60_000));
  const names = () => [...store.blobs.keys()].sort();
  const inUse = ['quota/me.json', 'quota/me.json.marker'];
  await write('ips/old.json', ...inUse, 'quota/me.json.corrupt-2026-11-23T18-00-00.000Z', 'jobs/x/state');
  await time.pass(DAY_MS - 60_000);
  await write('ips/fresh.json');
  await sweepNow();
  expect(names()).toContain('ips/old.json'); // another app may be set to a day
  await time.pass(3 * 60_000);
  await sweepNow();
  expect(names()).toEqual(
    ['ips/fresh.json', 'jobs/x/state', ...inUse, 'quota/me.json.corrupt-2026-11-23T18-00-00.000Z'].sort(),
  );
  await time.pass(31 * DAY_MS);
  await sweepNow();
  expect(names()).toEqual(['jobs/x/state', ...inUse]);
});
