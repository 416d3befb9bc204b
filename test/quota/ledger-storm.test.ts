import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { systemClock } from '../../shared/base/clock.js';
import type { OperatorAlert } from '../../shared/base/environment.js';
import type { Charge } from '../../shared/quota/ledger.js';
import { priorityWindows } from '../../shared/quota/priorities.js';
import { SharedLedger } from '../../shared/quota/shared-ledger.js';
import { openStore } from '../support/azurite-store.js';
import { read, setUpLedgers, wanting } from './ledgers.js';

const NAME = 'quota/storm.json';
const TAKES = 3;

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

function instance(reports: OperatorAlert[] = []) {
  return new SharedLedger({
    clock: systemClock,
    random: Math.random,
    store: openStore(azurite),
    name: NAME,
    windows: priorityWindows({ perMinute: 1_000, perHour: 1_000 }, 0),
    report: (report) => reports.push(report),
  });
}

/** Takes from all ledgers at once; what they granted, where each refusal is an R. */
async function storm(ledgers: readonly SharedLedger[], run = <T>(work: Promise<T>) => work) {
  const asked = ledgers.flatMap((ledger) =>
    Array.from({ length: TAKES }, (): Promise<Charge> => ledger.take(wanting(5))),
  );
  let granted = 0;
  let refused = 0;
  for (const answer of await run(Promise.allSettled(asked))) {
    if (answer.status === 'fulfilled') granted += answer.value.granted;
    else {
      refused++;
      expect(answer.reason).toMatchObject({ kind: 'storage-unavailable', status: 503 });
      expect(answer.reason.retryAtMs).toBeGreaterThan(0);
    }
  }
  return { granted, refused };
}

test('an ETag storm of forty instances on one ledger → bounded tries, each permit granted once, and 503 with Retry-After for whoever was too slow', async () => {
  const { time, store, latency, instance, logged } = setUpLedgers({ perMinute: 1_000 });
  latency.ms = 100;
  const ledgers = Array.from({ length: 40 }, instance);
  const { granted, refused } = await storm(ledgers, (work) => time.until(work));
  expect(granted).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(0);
  expect(logged()).toHaveLength(granted);
  // Ten tries for each take, each a swap and the read of what was faster.
  const { read, write, refused: lost } = store.operations;
  expect(write + lost).toBeLessThanOrEqual(10 * TAKES * ledgers.length);
  expect(read).toBeLessThanOrEqual(10 * TAKES * ledgers.length);
});

test('instances on one ledger of a real storage account: what was granted is charged', async () => {
  const { granted } = await storm(Array.from({ length: 5 }, () => instance()));
  const { blob } = await openStore(azurite).read(NAME);
  // A swap that turned out to be too slow stays charged until the next one, and was granted to nobody.
  const charged = read(blob?.text ?? '', Date.now())?.log.length;
  expect(charged).toBeGreaterThanOrEqual(granted);
});

test('a corrupt or foreign ledger → set aside, a new one begun as if the whole quota were spent, an alarm logged: never an open tap', async () => {
  const store = openStore(azurite);
  await store.write(NAME, '<html>sign in</html>', 'any');
  const reports: OperatorAlert[] = [];
  const charges = await Promise.all(Array.from({ length: 5 }, () => instance(reports).take(wanting(1))));
  expect(charges.map(({ granted }) => granted)).toEqual([0, 0, 0, 0, 0]);
  expect(reports.map(({ event }) => event)).toEqual(['ledger-unreadable']);
  const { blobs } = await store.list(`${NAME}.corrupt-`);
  expect(blobs.length).toBeGreaterThan(0);
  expect((await store.read(blobs[0]?.name ?? '')).blob?.text).toBe('<html>sign in</html>');
});
