import { describe, expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import type { Clock } from '../../shared/base/clock.js';
import type { SharedLedger } from '../../shared/quota/shared-ledger.js';
import type { BlobStore } from '../../shared/storage/blob-store.js';
import { NAME, setUpLedgers, wanting } from './ledgers.js';

const LIMIT = 100;
type World = ReturnType<typeof setUpLedgers>;

/** Instances that call as often as they may, each call arriving at once. */
async function rush(
  world: World,
  machines: readonly { ledger: SharedLedger; clock: Clock }[],
  forMs: number,
) {
  const { time } = world;
  const untilMs = time.monotonicMs() + forMs;
  const arrivals = machines.map((): number[] => []);
  const work = machines.map(async ({ ledger }, n) => {
    while (time.monotonicMs() < untilMs) {
      const charge = await ledger.take(wanting(30)).catch(() => undefined);
      for (let call = 0; call < (charge?.granted ?? 0); call++) {
        arrivals[n]?.push(time.monotonicMs());
        await ledger.settle(charge as never, (charge as never as { chargedAtMs: number }).chargedAtMs);
      }
      await time.sleep(250);
    }
  });
  await time.until(Promise.all(work));
  return arrivals;
}

/** The most in any minute: of all together, and of one of them. */
function most(arrivals: readonly (readonly number[])[]) {
  const together = arrivals.flat().sort((one, other) => one - other);
  return {
    together: mostInAnyWindow(together, 60_000),
    alone: Math.max(...arrivals.map((of) => mostInAnyWindow([...of], 60_000))),
  };
}

/** Does something to the store again and again, behind everybody's back. */
function every(world: World, ms: number, tamper: () => void): () => void {
  let turnOff = () => {};
  const again = () => {
    tamper();
    turnOff = world.time.alarm(ms, again);
  };
  turnOff = world.time.alarm(ms, again);
  return () => turnOff();
}

let etags = 0;
function put(world: World, text: string) {
  world.store.blobs.set(NAME, { text, etag: `"foreign-${++etags}"`, lastModifiedMs: world.time.epochMs() });
}
const stored = (world: World) => world.store.blobs.get(NAME)?.text ?? '';
const alarms = (world: World) => [...new Set(world.reports.map(({ event }) => event))];

describe('somebody changes the ledger behind the back of four instances that call as often as they may', () => {
  test.each<[string, number, string, (world: World, first: string) => void]>([
    ['put back to its first copy', 300, 'ledger-put-back', (world, first) => put(world, first)],
    ['put back to its first copy', 1_000, 'ledger-put-back', (world, first) => put(world, first)],
    ['deleted', 500, 'ledger-missing', ({ store }) => void store.blobs.delete(NAME)],
    [
      'without its calls',
      3_000,
      'ledger-put-back',
      (world) => put(world, stored(world).replace(/"calls":"[^"]*"/, '"calls":""')),
    ],
  ])(
    '%s every %i ms: each makes at most what all may, and there is an alarm',
    async (_what, ms, alarm, tamper) => {
      const world = setUpLedgers({ perMinute: LIMIT });
      const first = stored(world);
      const machines = [1, 2, 3, 4].map(() => world.machine());
      const stop = every(world, ms, () => tamper(world, first));
      const arrivals = await rush(world, machines, 130_000);
      stop();
      expect(most(arrivals).alone).toBeLessThanOrEqual(LIMIT);
      expect(alarms(world)).toContain(alarm);
      expect(world.reports.length).toBeLessThanOrEqual(2 * machines.length); // the same is not said a hundred times
    },
  );

  test('an older copy is put back once: the limit holds all the same, for each adds its own calls', async () => {
    const world = setUpLedgers({ perMinute: LIMIT });
    const machines = [1, 2, 3, 4].map(() => world.machine());
    const older = stored(world);
    const before = await rush(world, machines, 20_000);
    put(world, older);
    const after = await rush(world, machines, 100_000);
    expect(most(before.map((of, n) => [...of, ...(after[n] ?? [])])).together).toBeLessThanOrEqual(LIMIT);
    expect(alarms(world)).toEqual(['ledger-put-back']);
  });

  test('an older copy is put back: who reads it counts all calls that it knew of, and writes them there, though it calls nobody', async () => {
    const world = setUpLedgers({ perMinute: LIMIT });
    const { time } = world;
    const [one, other] = [world.instance(), world.instance()];
    await time.until(other.take(wanting(1)));
    const older = stored(world);
    await time.until(other.take(wanting(59)));
    await time.until(one.take(wanting(40)));
    put(world, older);
    await time.pass(1_000);
    expect((await time.until(one.take(wanting(1)))).granted).toBe(0);
    expect(world.logged()).toHaveLength(100);
  });

  test('deleted, and a new instance starts: it counts the minute as used, and the limit holds', async () => {
    const world = setUpLedgers({ perMinute: LIMIT, isNew: true });
    const before = await rush(
      world,
      [1, 2, 3, 4].map(() => world.machine()),
      10_000,
    );
    world.store.blobs.delete(NAME);
    const after = await rush(world, [world.machine()], 100_000);
    expect(before.flat()).toHaveLength(LIMIT);
    expect(most([...before, ...after]).together).toBeLessThanOrEqual(LIMIT);
    expect(after.flat()).toHaveLength(LIMIT); // later
    expect(alarms(world)).toEqual(['ledger-missing']);
  });

  test('where there has never been one, a new instance calls at once, without an alarm', async () => {
    const world = setUpLedgers({ perMinute: LIMIT, isNew: true });
    const charge = await world.time.until(world.instance().take(wanting(LIMIT)));
    expect(charge.granted).toBe(LIMIT);
    expect(world.reports).toEqual([]);
  });
});

describe('the time of the store jumps', () => {
  /** The store as one instance sees it: with another Date. */
  function seenWith(store: BlobStore, jump: () => number): BlobStore {
    const shifted = async <T extends { storeTimeMs: number }>(answer: Promise<T>) => {
      const { storeTimeMs, ...rest } = await answer;
      return { ...rest, storeTimeMs: storeTimeMs + jump() } as T;
    };
    return {
      read: (name) => shifted(store.read(name)),
      write: (name, text, condition) => shifted(store.write(name, text, condition)),
      list: (prefix, after) => shifted(store.list(prefix, after)),
      delete: (name, etag) => store.delete(name, etag),
    };
  }

  test.each([61_000, -61_000, 30_000, -30_000])(
    'by %i ms for one of four: it is not believed, the limit holds, and there is an alarm',
    async (jumpMs) => {
      const world = setUpLedgers({ perMinute: LIMIT });
      let jump = 0;
      const fooled = world.machine(seenWith(world.store, () => jump));
      const machines = [fooled, ...[1, 2, 3].map(() => world.machine())];
      const before = await rush(world, machines, 30_000);
      jump = jumpMs;
      const after = await rush(world, machines, 200_000);
      const all = before.map((of, n) => [...of, ...(after[n] ?? [])]);
      expect(most(all).together).toBeLessThanOrEqual(LIMIT);
      expect(alarms(world)).toEqual(['store-clock-jumped']);
      expect(after.flat().length).toBeGreaterThan(LIMIT); // and calls go on
    },
  );

  test('by hours, until it is believed: an instance makes no more calls than its own clock allows', async () => {
    const world = setUpLedgers({ perMinute: 5 });
    const { time } = world;
    const ledger = world.instance();
    let granted = (await time.until(ledger.take(wanting(2)))).granted;
    world.store.aheadMs = 2 * 3_600_000;
    for (let n = 0; n < 5; n++) {
      const charge = await time.until(ledger.take(wanting(5)).catch(() => undefined));
      granted += charge?.granted ?? 0;
      await time.pass(1_000);
    }
    expect(granted).toBe(5);
    expect(alarms(world)).toEqual(['store-clock-jumped']);
  });

  test('by a minute for all, and a fifth instance starts: at most the limit once more, and an alarm', async () => {
    const world = setUpLedgers({ perMinute: LIMIT });
    const machines = [1, 2, 3, 4].map(() => world.machine());
    const before = await rush(world, machines, 10_000);
    world.store.aheadMs = 61_000;
    const after = await rush(world, [...machines, world.machine()], 200_000);
    const all = after.map((of, n) => [...(before[n] ?? []), ...of]);
    expect(most(all).alone).toBeLessThanOrEqual(LIMIT);
    expect(most(all).together).toBeLessThanOrEqual(2 * LIMIT);
    expect(alarms(world)).toEqual(['store-clock-jumped']);
  });
});
