import { describe, expect, test } from '@jest/globals';
import { BlobLedger } from '../../shared/quota/blob-ledger.js';
import { laneWindows } from '../../shared/quota/lanes.js';
import { readState } from '../../shared/quota/ledger-state.js';
import type { Report } from '../../shared/report.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { randomFrom } from '../support/random.js';
import { VirtualClock } from '../support/virtual-clock.js';

const NAME = 'quota/test.json';
const interactive = (count: number) => ({ interactive: count, background: 0 });

/** A store in virtual time and ledgers of several instances over it. */
function setUp({ perMinute = 100, perHour = 1500 } = {}) {
  const time = new VirtualClock();
  const latency = { ms: 20 };
  const store = new MemoryBlobStore(time, { latencyMs: () => latency.ms });
  const reports: Report[] = [];
  let instances = 0;
  const instance = () =>
    new BlobLedger({
      // Started at other times, and their calendars five minutes apart.
      clock: time.machine({ originMs: ++instances * 77_777, calendarMs: instances * 300_000 }),
      store,
      name: NAME,
      random: randomFrom(instances),
      windows: laneWindows(perMinute, perHour, 20),
      report: (report) => reports.push(report),
    });
  const logged = () => readState(store.blobs.get(NAME)?.text ?? '', time.epochMs())?.log ?? [];
  const total = () => Object.values(store.operations).reduce((sum, count) => sum + count, 0);
  return { time, store, latency, reports, instance, logged, total };
}

describe('a ledger in a blob', () => {
  test('two instances share what there is, whatever their own clocks say', async () => {
    const { time, instance, logged } = setUp();
    const [one, other] = [instance(), instance()];
    expect((await time.until(one.take(interactive(70)))).granted).toBe(70);
    expect((await time.until(other.take(interactive(70)))).granted).toBe(30);
    expect((await time.until(one.take(interactive(1)))).granted).toBe(0);
    expect(logged()).toHaveLength(100);
    expect(other.view().minute).toEqual({ limit: 100, remaining: 0 });
  });

  test('charges at the latest and judges by the earliest that the store time can be', async () => {
    const { time, instance, logged } = setUp();
    await time.until(time.sleep(444));
    const ledger = instance();
    const beforeMs = time.epochMs();
    await time.until(ledger.take(interactive(100)));
    expect(Math.min(...logged())).toBeGreaterThanOrEqual(beforeMs);
    expect(Math.max(...logged())).toBeLessThan(beforeMs + 1_200);
    await time.until(time.sleep(62_000 - 50));
    expect((await time.until(ledger.take(interactive(1)))).granted).toBe(0);
    await time.until(time.sleep(1_300));
    expect((await time.until(ledger.take(interactive(1)))).granted).toBe(1);
  });

  test('costs a read and a write at first, then one write while nobody else writes, and nothing while it is spent', async () => {
    const { time, instance, total } = setUp();
    const ledger = instance();
    await time.until(ledger.take(interactive(1)));
    expect(total()).toBe(2);
    await time.until(ledger.take(interactive(99)));
    expect(total()).toBe(3);
    await time.until(ledger.take(interactive(5)));
    ledger.forecast(interactive(5));
    ledger.view();
    expect(total()).toBe(3);
  });

  test('costs a read and a write where others write', async () => {
    const { time, instance, store, total } = setUp();
    const [one, other] = [instance(), instance()];
    for (let n = 0; n < 3; n++) {
      await time.until(one.take(interactive(1)));
      await time.until(other.take(interactive(1)));
      await time.until(time.sleep(5_000));
    }
    const before = total();
    await time.until(one.take(interactive(1)));
    expect(total() - before).toBe(2);
    expect(store.operations.refused).toBe(1);
  });

  test('tells from its copy when the next permits are free, on its own clock', async () => {
    const { time, instance } = setUp({ perMinute: 2 });
    const ledger = instance();
    await time.until(ledger.take(interactive(2)));
    const clock = time.machine({ originMs: 77_777 });
    const [next = 0] = ledger.forecast(interactive(1));
    expect(next - clock.monotonicMs()).toBeGreaterThan(62_000);
    expect(next - clock.monotonicMs()).toBeLessThan(63_300);
    await time.until(time.sleep(next - clock.monotonicMs()));
    expect((await time.until(ledger.take(interactive(1)))).granted).toBe(1);
  });

  test('a lost answer: the permits are granted once, and are in the ledger once', async () => {
    const { time, instance, store, logged } = setUp();
    const ledger = instance();
    let faults = 0;
    store.fault = (operation) => (operation === 'write' && ++faults === 1 ? 'after' : undefined);
    expect((await time.until(ledger.take(interactive(3)))).granted).toBe(3);
    expect(logged()).toHaveLength(3);
  });

  test('row 29: the store is down: nothing is granted, and it says when to come back', async () => {
    const { time, instance, store } = setUp();
    const ledger = instance();
    await time.until(ledger.take(interactive(1)));
    store.fault = () => 'before';
    await expect(time.until(ledger.take(interactive(1)))).rejects.toMatchObject({
      status: 503,
      kind: 'storage-unavailable',
    });
    await expect(time.until(instance().take(interactive(1)))).rejects.toMatchObject({ status: 503 });
    expect(ledger.view().minute.remaining).toBe(99);
    store.fault = () => undefined;
    expect((await time.until(ledger.take(interactive(100)))).granted).toBe(99);
  });

  test('row 28: other instances are always faster: bounded tries, then R; nothing is charged', async () => {
    const { time, instance, store, logged } = setUp();
    const ledger = instance();
    await time.until(ledger.take(interactive(1)));
    let writes = 0;
    store.fault = (operation) => {
      const blob = store.blobs.get(NAME);
      if (operation === 'write' && blob) store.blobs.set(NAME, { ...blob, etag: `"other-${++writes}"` });
      return undefined;
    };
    const error = await time.until(ledger.take(interactive(5)).catch((thrown) => thrown));
    expect(error).toMatchObject({ kind: 'storage-unavailable', status: 503 });
    expect(error.message).toContain('busy');
    expect(writes).toBe(10);
    expect(logged()).toHaveLength(1);
  });

  test('row 28: fifty instances at once get together what there is, and no more', async () => {
    const { time, instance, logged } = setUp();
    const asked = Array.from({ length: 50 }, () => instance().take(interactive(10)));
    const answers = await time.until(Promise.allSettled(asked));
    const granted = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.granted : 0));
    expect(granted.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(100);
    expect(logged().length).toBe(granted.reduce((sum, count) => sum + count, 0));
    expect(granted.filter((count) => count > 0).length).toBeGreaterThanOrEqual(5);
  });

  test('row 11: a pause that one instance was asked for holds every instance, from their next swap on', async () => {
    const { time, instance } = setUp();
    const [one, other] = [instance(), instance()];
    await time.until(one.take(interactive(1)));
    await time.until(other.take(interactive(1)));
    const clock = time.machine({ originMs: 77_777 });
    await time.until(one.pause(clock.monotonicMs() + 2_000));
    expect((await time.until(one.take(interactive(1)))).granted).toBe(0);
    expect((await time.until(other.take(interactive(1)))).granted).toBe(0);
    await time.until(time.sleep(3_300));
    expect((await time.until(other.take(interactive(1)))).granted).toBe(1);
  });

  test('a correction and a pause that cannot be written count here, and go with the next swap', async () => {
    const { time, instance, store, logged } = setUp({ perMinute: 3 });
    const ledger = instance();
    const { chargedAtMs } = await time.until(ledger.take(interactive(1)));
    const [first = 0] = logged();
    await time.until(time.sleep(10_000));
    store.fault = (operation) => (operation === 'write' ? 'before' : undefined);
    await time.until(ledger.correct(chargedAtMs, chargedAtMs + 9_000));
    await time.until(ledger.pause(chargedAtMs + 12_000));
    expect(logged()).toEqual([first]);
    expect((await time.until(time.sleep(0).then(() => ledger.forecast(interactive(1)))))[0]).toBeGreaterThan(
      chargedAtMs + 11_000,
    );
    store.fault = () => undefined;
    await time.until(time.sleep(5_000));
    expect((await time.until(ledger.take(interactive(5)))).granted).toBe(2);
    expect(logged()[0]).toBeGreaterThanOrEqual(first + 6_900);
    expect(logged()).toHaveLength(3);
  });

  test.each([
    ['corrupt', '{"version":1,"swap":"x","pausedUntilMs":0,"calls":"1a*'],
    ['foreign', '<html>sign in</html>'],
    ['empty', ''],
  ])(
    'a %s ledger is set aside, and a new one begun full, with an alarm: never an open tap',
    async (_what, text) => {
      const { time, instance, store, reports, logged } = setUp();
      store.blobs.set(NAME, { text, etag: '"foreign"', lastModifiedMs: time.epochMs() });
      const [one, other] = [instance(), instance()];
      const charges = await time.until(Promise.all([one.take(interactive(1)), other.take(interactive(1))]));
      expect(charges.map(({ granted }) => granted)).toEqual([0, 0]);
      expect(logged()).toHaveLength(1500);
      const aside = [...store.blobs.keys()].filter((name) => name.startsWith(`${NAME}.corrupt-`));
      expect(aside.map((name) => store.blobs.get(name)?.text)).toEqual([text]);
      expect(reports.map(({ event }) => event)).toEqual(['ledger-unreadable']);
      expect(reports[0]?.detail).toContain(aside[0]);
      await time.until(time.sleep(3_604_000));
      expect((await time.until(other.take(interactive(1)))).granted).toBe(1);
    },
  );

  test('a deleted ledger is written again from what this instance knows', async () => {
    const { time, instance, store, logged } = setUp();
    const ledger = instance();
    await time.until(ledger.take(interactive(60)));
    store.blobs.delete(NAME);
    expect((await time.until(ledger.take(interactive(60)))).granted).toBe(40);
    expect(logged()).toHaveLength(100);
  });

  test('a store too slow for the guard grants nothing, and what it charged is given back', async () => {
    const { time, latency, instance, logged } = setUp();
    const ledger = instance();
    await time.until(ledger.take(interactive(1)));
    latency.ms = 1_500;
    await expect(time.until(ledger.take(interactive(5)))).rejects.toThrow('too slow');
    latency.ms = 20;
    expect((await time.until(ledger.take(interactive(100)))).granted).toBe(99);
    expect(logged()).toHaveLength(100);
  });
});
