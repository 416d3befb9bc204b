import { expect, test } from '@jest/globals';
import { withDeadline } from '../../shared/base/deadline.js';
import { emitNothing } from '../../shared/base/telemetry-event.js';
import { createLookups } from '../../shared/lookup/create-lookups.js';
import { SharedAnswerCache } from '../../shared/lookup/shared-answer-cache.js';
import type { SourceAnswer, Work } from '../../shared/lookup/source.js';
import { Quota } from '../../shared/quota/quota.js';
import { setUpLedgers } from '../quota/ledgers.js';

const FOUND: SourceAnswer = { status: 'found', ips: ['192.0.2.1'], unusable: [] };
const times = { ipsSeconds: 300, notFoundSeconds: 30 };

test('the first lookup of a process → at most three exchanges with the storage before Defender is asked; a cached one none', async () => {
  const { time, store, machine, total, logged } = setUpLedgers();
  const { clock, ledger } = machine();
  const quota = new Quota(clock, ledger);
  let before = Number.NaN;
  const source = {
    find: async (_alertId: string, work: Work) => {
      const permit = await quota.acquire(work, 'interactive');
      before = total();
      permit.settle(true);
      return FOUND;
    },
  };
  const shared = new SharedAnswerCache({ clock, store, times, owner: 'me', report: () => {} });
  const { lookup, settled: isShared } = createLookups({ clock, emit: emitNothing, source, times, shared });
  const late = () => new Error('late');
  const find = () =>
    time.until(withDeadline(clock, 25_000, late, (deadline) => lookup.find('da1_1', deadline)));

  expect((await find()).answer).toBe(FOUND);
  // The question to the shared cache, the ledger as it stands, and the swap.
  expect(before).toBe(3);
  expect(logged()).toHaveLength(1);
  await time.until(isShared());
  const settled = total();
  expect((await find()).answer).toBe(FOUND);
  expect(total()).toBe(settled);
});
