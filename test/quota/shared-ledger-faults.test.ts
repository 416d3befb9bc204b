import { describe, expect, test } from '@jest/globals';
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
