import { describe, expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import { StorageError } from '../../shared/base/errors.js';
import type { BlobStore } from '../../shared/storage/blob-store.js';
import { interactive, NAME, setUpLedgers, wanting } from './ledgers.js';

describe('a ledger in a blob, when things go wrong', () => {
  test('a lost answer: the permits are granted once, and are in the ledger once', async () => {
    const { time, instance, store, logged } = setUpLedgers();
    const ledger = instance();
    let faults = 0;
    store.fault = (operation) => (operation === 'write' && ++faults === 1 ? 'after' : undefined);
    expect((await time.until(ledger.take(wanting(3)))).granted).toBe(3);
    expect(logged()).toHaveLength(3);
  });

  test('the store is down: nothing is granted, and it says when to come back', async () => {
    const { time, instance, store } = setUpLedgers();
    const ledger = instance();
    await time.until(ledger.take(wanting(1)));
    store.fault = () => 'before';
    await expect(time.until(ledger.take(wanting(1)))).rejects.toMatchObject({
      status: 503,
      kind: 'storage-unavailable',
    });
    await expect(time.until(instance().take(wanting(1)))).rejects.toMatchObject({ status: 503 });
    expect(ledger.view().minute.remaining).toBe(99);
    store.fault = () => undefined;
    expect((await time.until(ledger.take(wanting(100)))).granted).toBe(99);
  });

  test('other instances are always faster: bounded tries, then R; nothing is charged', async () => {
    const { time, instance, store, logged } = setUpLedgers();
    const ledger = instance();
    await time.until(ledger.take(wanting(1)));
    let writes = 0;
    store.fault = (operation) => {
      const blob = store.blobs.get(NAME);
      if (operation === 'write' && blob) store.blobs.set(NAME, { ...blob, etag: `"other-${++writes}"` });
      return undefined;
    };
    const error = await time.until(ledger.take(wanting(5)).catch((thrown) => thrown));
    expect(error).toMatchObject({ kind: 'storage-unavailable', status: 503 });
    expect(error.message).toContain('busy');
    expect(writes).toBe(10);
    expect(logged()).toHaveLength(1);
  });

  test('a correction and a pause that cannot be written count here, and go with the next swap', async () => {
    const { time, instance, store, logged } = setUpLedgers({ perMinute: 3 });
    const ledger = instance();
    const charge = await time.until(ledger.take(wanting(1)));
    const { chargedAtMs, latestMs, loggedAtMs } = charge;
    expect(logged()).toEqual([loggedAtMs]);
    await time.pass(10_000);
    store.fault = (operation) => (operation === 'write' ? 'before' : undefined);
    await time.until(ledger.settle(charge, chargedAtMs + 9_000));
    await time.until(ledger.pause(chargedAtMs + 12_000));
    expect(logged()).toEqual([loggedAtMs]);
    expect((await time.until(time.sleep(0).then(() => ledger.forecast(interactive(1)))))[0]).toBeGreaterThan(
      chargedAtMs + 11_000,
    );
    store.fault = () => undefined;
    await time.pass(5_000);
    expect((await time.until(ledger.take(wanting(5)))).granted).toBe(2);
    expect(logged()[0]).toBeGreaterThanOrEqual(latestMs + 6_900);
    expect(logged()[0]).toBeLessThan(loggedAtMs);
    expect(logged()).toHaveLength(3);
  });

  test.each([
    ['corrupt', '{"version":1,"swap":"x","pausedUntilMs":0,"calls":"1a*'],
    ['foreign', '<html>sign in</html>'],
    ['empty', ''],
  ])(
    'a %s ledger is set aside, and a new one begun full, with an alarm: never an open tap',
    async (_what, text) => {
      const { time, instance, store, reports, logged } = setUpLedgers();
      store.blobs.set(NAME, { text, etag: '"foreign"', lastModifiedMs: time.epochMs() });
      const [one, other] = [instance(), instance()];
      const charges = await time.until(Promise.all([one.take(wanting(1)), other.take(wanting(1))]));
      expect(charges.map(({ granted }) => granted)).toEqual([0, 0]);
      expect(logged()).toHaveLength(1500);
      const aside = [...store.blobs.keys()].filter((name) => name.startsWith(`${NAME}.corrupt-`));
      expect(aside.map((name) => store.blobs.get(name)?.text)).toEqual([text]);
      expect(reports.map(({ event }) => event)).toEqual(['ledger-unreadable']);
      expect(reports[0]?.detail).toContain(aside[0]);
      await time.pass(3_604_000);
      expect((await time.until(other.take(wanting(1)))).granted).toBe(1);
    },
  );

  test('the first write after a ledger was set aside goes over the new one', async () => {
    const { time, machine, store, logged } = setUpLedgers();
    const { ledger, clock } = machine();
    await time.until(ledger.take(wanting(1)));
    store.blobs.set(NAME, { text: 'foreign', etag: '"foreign"', lastModifiedMs: time.epochMs() });
    await time.until(ledger.pause(clock.monotonicMs() + 60_000));
    expect(logged()).toHaveLength(1500);
    expect(store.operations.refused).toBe(1); // by the foreign blob, and not once more by the new ledger
  });

  test('a deleted ledger is written again from what this instance knows', async () => {
    const { time, instance, store, logged } = setUpLedgers();
    const ledger = instance();
    await time.until(ledger.take(wanting(60)));
    store.blobs.delete(NAME);
    expect((await time.until(ledger.take(wanting(60)))).granted).toBe(40);
    expect(logged()).toHaveLength(100);
  });

  test('an instance that is killed while its call is under way: the call counts as late as it can arrive', async () => {
    const { time, instance } = setUpLedgers({ perMinute: 5 });
    const [killed, other] = [instance(), instance()];
    const arrivals: number[] = [];
    await time.until(killed.take(wanting(1)));
    arrivals.push(time.monotonicMs() + 9_000); // nobody settles it
    const untilMs = time.monotonicMs() + 130_000;
    while (time.monotonicMs() < untilMs) {
      const charge = await time.until(other.take(wanting(1)));
      if (charge.granted > 0) arrivals.push(time.monotonicMs());
      if (charge.granted > 0) await other.settle(charge, charge.chargedAtMs);
      await time.pass(250);
    }
    expect(
      mostInAnyWindow(
        [...arrivals].sort((one, two) => one - two),
        60_000,
      ),
    ).toBe(5);
  });

  test('how long to wait is told as if calls under way arrived at once, to every instance', async () => {
    const { time, machine } = setUpLedgers({ perMinute: 1 });
    const [one, other] = [machine(), machine()];
    await time.until(one.ledger.take(wanting(1)));
    await time.until(other.ledger.take(wanting(1)));
    for (const { ledger, clock } of [one, other]) {
      const [next = 0] = ledger.forecast(interactive(1));
      expect(next - clock.monotonicMs()).toBeLessThan(63_300);
    }
  });

  test('a swap whose answer was lost, and over which another instance wrote: nothing of it is done twice', async () => {
    const { time, instance, store, logged } = setUpLedgers();
    const [one, other] = [instance(), instance()];
    const charge = await time.until(one.take(wanting(3)));
    await time.until(other.take(wanting(1)));
    await one.release(charge);
    await one.settle(charge, charge.chargedAtMs);
    // Its next swap is written, and only that is told to nobody: neither its answer nor its retry come.
    let isWritten = false;
    store.fault = (operation) => {
      if (isWritten) return 'before';
      isWritten = operation === 'write';
      return isWritten ? 'after' : undefined;
    };
    const lost = time.until(one.take(wanting(2)).catch((error) => error));
    expect(await lost).toMatchObject({ kind: 'storage-unavailable' });
    store.fault = () => undefined;
    await time.until(other.take(wanting(1)));
    await time.pass(300);
    await time.until(one.take(wanting(1)));
    // 3 + 1 − 1 never sent, + 1 of the other, + 1; the two that nobody got are given back.
    await time.until(one.take(wanting(1)));
    expect(logged()).toHaveLength(3 + 1 - 1 + 1 + 1 + 1);
    expect(logged().filter((at) => at === charge.latestMs)).toHaveLength(1);
  });

  test('a swap that takes place after it was given up is found by its name, and nothing is charged twice', async () => {
    const { time, store, logged, machine } = setUpLedgers();
    let writes = 0;
    const slow: BlobStore = {
      read: (name) => store.read(name),
      list: (prefix, after) => store.list(prefix, after),
      delete: (name, etag) => store.delete(name, etag),
      write: async (...asked) => {
        if (++writes !== 2) return store.write(...asked);
        void time.sleep(60).then(() => store.write(...asked));
        throw new StorageError('It did not answer in time.');
      },
    };
    const { ledger } = machine(slow);
    await time.until(ledger.take(wanting(1)));
    expect((await time.until(ledger.take(wanting(2)))).granted).toBe(2);
    await time.until(ledger.take(wanting(1)));
    expect(logged()).toHaveLength(4);
  });

  test('a machine that slept in the middle of a swap makes no call by it, though its own clocks did not count that', async () => {
    const { time, store, reports, logged, machine } = setUpLedgers();
    const { ledger } = machine();
    await time.until(ledger.take(wanting(1)));
    store.fault = (operation) => {
      if (operation === 'write') store.aheadMs = 61_000; // the time of everybody else goes on
      return undefined;
    };
    const charge = await time.until(ledger.take(wanting(5)));
    // It swapped once more: what it was granted counts from after its sleep, and from before it nothing is left.
    expect(charge.latestMs).toBeGreaterThan(time.epochMs() + 60_000);
    expect(logged().filter((at) => at === charge.loggedAtMs)).toHaveLength(5);
    expect(logged()).toHaveLength(1 + 5);
    expect(reports.map(({ event }) => event)).toEqual(['store-clock-jumped']);
  });

  test('a ledger of a later version is left alone, without an alarm: whoever runs that version answers', async () => {
    const { time, instance, store, reports } = setUpLedgers();
    const text = '{"version":2,"calls":["of another kind"]}';
    store.blobs.set(NAME, { text, etag: '"later"', lastModifiedMs: time.epochMs() });
    const error = await time.until(
      instance()
        .take(wanting(1))
        .catch((thrown) => thrown),
    );
    expect(error).toMatchObject({ kind: 'storage-unavailable', status: 503, retryAtMs: expect.any(Number) });
    expect(error.message).toContain('later version');
    expect(store.blobs.get(NAME)?.text).toBe(text);
    expect([...store.blobs.keys()].filter((name) => name.includes('.corrupt-'))).toEqual([]);
    expect(reports).toEqual([]);
  });

  test('a blob that is larger than the app reads is set aside like any other that is no ledger, and its size is named', async () => {
    const { time, instance, store, reports } = setUpLedgers();
    store.blobs.set(NAME, {
      text: '',
      unreadBytes: 5_000_000,
      etag: '"big"',
      lastModifiedMs: time.epochMs(),
    });
    expect((await time.until(instance().take(wanting(1)))).granted).toBe(0);
    expect(reports.map(({ event }) => event)).toEqual(['ledger-unreadable']);
    expect(reports[0]?.detail).toContain('5000000 bytes');
  });

  test('a store too slow for the guard grants nothing, and what it charged is given back', async () => {
    const { time, latency, instance, logged } = setUpLedgers();
    const ledger = instance();
    await time.until(ledger.take(wanting(1)));
    latency.ms = 1_500;
    await expect(time.until(ledger.take(wanting(5)))).rejects.toThrow('too slow');
    latency.ms = 20;
    expect((await time.until(ledger.take(wanting(100)))).granted).toBe(99);
    expect(logged()).toHaveLength(100);
  });
});
