import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { systemClock } from '../../shared/clock.js';
import { TokenCache } from '../../shared/identity/token-cache.js';
import { BlobLedger } from '../../shared/quota/blob-ledger.js';
import { laneWindows } from '../../shared/quota/lanes.js';
import { readState } from '../../shared/quota/ledger-state.js';
import type { Report } from '../../shared/report.js';
import { openBlobStore } from '../../shared/storage/open.js';

const NAME = 'quota/storm.json';
const INSTANCES = 40;

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

function openStore() {
  const credential = { key: 'none', getToken: () => Promise.reject(new Error('no identity here')) };
  const { connectionString } = azurite;
  const tokens = new TokenCache(systemClock);
  return openBlobStore(
    systemClock,
    { kind: 'connection-string', connection: 'STATE', connectionString },
    { credential, tokens },
  );
}

function instance(reports: Report[] = []) {
  return new BlobLedger({
    clock: systemClock,
    random: Math.random,
    store: openStore(),
    name: NAME,
    windows: laneWindows(1_000, 1_000, 0),
    report: (report) => reports.push(report),
  });
}

test('row 28: an ETag storm of forty instances on one ledger → bounded tries, each permit granted once, and 503 with Retry-After for whoever was too slow', async () => {
  const ledgers = Array.from({ length: INSTANCES }, () => instance());
  const asked = ledgers.flatMap((ledger) =>
    Array.from({ length: 3 }, () => ledger.take({ interactive: 5, background: 0 })),
  );
  const answers = await Promise.allSettled(asked);
  let granted = 0;
  for (const answer of answers) {
    if (answer.status === 'fulfilled') granted += answer.value.granted;
    else {
      expect(answer.reason).toMatchObject({ kind: 'storage-unavailable', status: 503 });
      expect(answer.reason.retryAtMs).toBeGreaterThan(0);
    }
  }
  const { blob } = await openStore().read(NAME);
  expect(granted).toBeGreaterThan(0);
  // What a swap charged whose answer was lost stays charged; what was granted is charged, once.
  expect(readState(blob?.text ?? '', Date.now())?.log.length).toBe(granted);
});

test('beyond: a corrupt or foreign ledger → set aside, a new one begun as if the whole quota were spent, an alarm logged: never an open tap', async () => {
  const store = openStore();
  await store.write(NAME, '<html>sign in</html>', 'any');
  const reports: Report[] = [];
  const charges = await Promise.all(
    Array.from({ length: 5 }, () => instance(reports).take({ interactive: 1, background: 0 })),
  );
  expect(charges.map(({ granted }) => granted)).toEqual([0, 0, 0, 0, 0]);
  expect(reports.map(({ event }) => event)).toEqual(['ledger-unreadable']);
  const { blobs } = await store.list(`${NAME}.corrupt-`);
  expect(blobs.length).toBeGreaterThan(0);
  expect((await store.read(blobs[0]?.name ?? '')).blob?.text).toBe('<html>sign in</html>');
});
