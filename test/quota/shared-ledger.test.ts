import { describe, expect, test } from '@jest/globals';
import { Quota } from '../../shared/quota/quota.js';
import { interactive, setUpLedgers, wanting } from './ledgers.js';

describe('a ledger in a blob', () => {
  test('two instances share what there is, whatever their own clocks say', async () => {
    const { time, instance, logged } = setUpLedgers();
    const [one, other] = [instance(), instance()];
    expect((await time.until(one.take(wanting(70)))).granted).toBe(70);
    expect((await time.until(other.take(wanting(70)))).granted).toBe(30);
    expect((await time.until(one.take(wanting(1)))).granted).toBe(0);
    expect(logged()).toHaveLength(100);
    expect(other.view().minute).toEqual({ limit: 100, remaining: 0 });
  });

  test('charges at the latest and judges by the earliest that the store time can be', async () => {
    const { time, instance, logged } = setUpLedgers();
    await time.pass(444);
    const ledger = instance();
    const beforeMs = time.epochMs();
    const charge = await time.until(ledger.take(wanting(100)));
    for (let call = 0; call < 100; call++) await ledger.settle(charge, charge.chargedAtMs);
    await time.pass(45_000);
    expect(Math.min(...logged())).toBeGreaterThanOrEqual(beforeMs);
    expect(Math.max(...logged())).toBeLessThan(beforeMs + 1_200);
    await time.pass(62_000 - 45_050);
    expect((await time.until(ledger.take(wanting(1)))).granted).toBe(0);
    await time.pass(1_300);
    expect((await time.until(ledger.take(wanting(1)))).granted).toBe(1);
  });

  test('costs a read and a write at first, then one write while nobody else writes, and nothing while it is spent', async () => {
    const { time, instance, total } = setUpLedgers();
    const ledger = instance();
    await time.until(ledger.take(wanting(1)));
    expect(total()).toBe(2);
    await time.until(ledger.take(wanting(99)));
    expect(total()).toBe(3);
    await time.until(ledger.take(wanting(5)));
    ledger.forecast(interactive(5));
    ledger.view();
    expect(total()).toBe(3);
  });

  test('prepared, it costs a write; others who wrote meanwhile are seen before, and nothing is charged', async () => {
    const { time, instance, store, logged, total } = setUpLedgers();
    const [one, other] = [instance(), instance()];
    await time.until(Promise.all([one.prepare(), other.prepare()]));
    expect(logged()).toHaveLength(0);
    await time.until(one.take(wanting(1)));
    expect(total()).toBe(3);
    await time.pass(5_000);
    await time.until(other.take(wanting(1)));
    expect(total()).toBe(5);
    expect(store.operations.refused).toBe(0);
  });

  test('costs a read and a write where others write', async () => {
    const { time, instance, store, total } = setUpLedgers();
    const [one, other] = [instance(), instance()];
    for (let n = 0; n < 3; n++) {
      await time.until(one.take(wanting(1)));
      await time.until(other.take(wanting(1)));
      await time.pass(5_000);
    }
    const before = total();
    await time.until(one.take(wanting(1)));
    expect(total() - before).toBe(2);
    expect(store.operations.refused).toBe(0);
  });

  test('a swap that another instance was faster with costs a read and one more write', async () => {
    const { time, instance, store } = setUpLedgers();
    const [one, other] = [instance(), instance()];
    await time.until(one.take(wanting(1)));
    await time.until(other.take(wanting(1)));
    const { read, write } = store.operations;
    await time.until(one.take(wanting(1)));
    expect(store.operations).toMatchObject({ read: read + 1, write: write + 1, refused: 1 });
  });

  test('whoever waits is refused at once when the ledger turns out to be spent by others', async () => {
    const { time, instance } = setUpLedgers();
    const clock = time.machine({ originMs: 77_777 });
    const [ours, others] = [instance(), instance()];
    const quota = new Quota(clock, ours);
    await time.until(ours.take(wanting(1)));
    await time.until(others.take(wanting(99)));
    const beganMs = clock.monotonicMs();
    const waiting = { untilMs: () => beganMs + 20_000, signal: new AbortController().signal };
    await expect(time.until(quota.acquire(waiting, 'interactive'))).rejects.toMatchObject({
      kind: 'quota-exhausted',
    });
    expect(clock.monotonicMs() - beganMs).toBeLessThan(1_000);
  });

  test('tells from its copy when the next permits are free, on its own clock', async () => {
    const { time, instance } = setUpLedgers({ perMinute: 2 });
    const ledger = instance();
    const charge = await time.until(ledger.take(wanting(2)));
    for (let call = 0; call < 2; call++) await ledger.settle(charge, charge.chargedAtMs);
    const clock = time.machine({ originMs: 77_777 });
    const [next = 0] = ledger.forecast(interactive(1));
    expect(next - clock.monotonicMs()).toBeGreaterThan(62_000);
    expect(next - clock.monotonicMs()).toBeLessThan(63_300);
    await time.pass(next - clock.monotonicMs());
    expect((await time.until(ledger.take(wanting(1)))).granted).toBe(1);
  });

  test('fifty instances at once get together what there is, and no more', async () => {
    const { time, instance, logged } = setUpLedgers();
    const asked = Array.from({ length: 50 }, () => instance().take(wanting(10)));
    const answers = await time.until(Promise.allSettled(asked));
    const granted = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.granted : 0));
    expect(granted.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(100);
    expect(logged().length).toBe(granted.reduce((sum, count) => sum + count, 0));
    expect(granted.filter((count) => count > 0).length).toBeGreaterThanOrEqual(5);
  });

  test('a pause that one instance was asked for holds every instance, from their next swap on', async () => {
    const { time, instance } = setUpLedgers();
    const [one, other] = [instance(), instance()];
    await time.until(one.take(wanting(1)));
    await time.until(other.take(wanting(1)));
    const clock = time.machine({ originMs: 77_777 });
    await time.until(one.pause(clock.monotonicMs() + 2_000));
    expect((await time.until(one.take(wanting(1)))).granted).toBe(0);
    expect((await time.until(other.take(wanting(1)))).granted).toBe(0);
    await time.pass(3_300);
    expect((await time.until(other.take(wanting(1)))).granted).toBe(1);
  });

  test('a pause is shown while it lasts, and not when it is over, though nobody has asked the store since', async () => {
    const { time, machine } = setUpLedgers();
    const { ledger, clock } = machine();
    await time.until(ledger.take(wanting(1)));
    const untilMs = clock.epochMs() + 60_000;
    await time.until(ledger.pause(clock.monotonicMs() + 60_000));
    await time.pass(50_000);
    const { pausedUntil = '' } = ledger.view();
    expect(Math.abs(Date.parse(pausedUntil) - untilMs)).toBeLessThan(1_500);
    await time.pass(5 * 3_600_000);
    expect(ledger.view()).not.toHaveProperty('pausedUntil');
  });

  test('a call that was never sent is free again for every instance, and only that one', async () => {
    const { time, instance, logged } = setUpLedgers({ perMinute: 3 });
    const [one, other] = [instance(), instance()];
    const charge = await time.until(one.take(wanting(3)));
    expect((await time.until(other.take(wanting(1)))).granted).toBe(0);
    await one.release(charge);
    await time.pass(3_000);
    expect(logged()).toHaveLength(2);
    expect((await time.until(other.take(wanting(2)))).granted).toBe(1);
  });

  test('who joins and can wait is served at once where others gave back what the copy here says is spent', async () => {
    const { time, machine } = setUpLedgers({ perMinute: 3 });
    const [ours, others] = [machine(), machine()];
    const charge = await time.until(others.ledger.take(wanting(3)));
    await time.until(ours.ledger.take(wanting(1)));
    for (let call = 0; call < 3; call++) await others.ledger.release(charge);
    await time.pass(3_000);
    const quota = new Quota(ours.clock, ours.ledger);
    const beganMs = time.monotonicMs();
    const untilMs = ours.clock.monotonicMs() + 100_000;
    const waiting = { untilMs: () => untilMs, signal: new AbortController().signal };
    await time.until(quota.acquire(waiting, 'interactive'));
    expect(time.monotonicMs() - beganMs).toBeLessThan(1_000);
  });

  test('a call that was never sent while the store is down is free again here, and for all with the next swap', async () => {
    const { time, instance, store, logged } = setUpLedgers({ perMinute: 3 });
    const ledger = instance();
    const charge = await time.until(ledger.take(wanting(3)));
    store.fault = (operation) => (operation === 'write' ? 'before' : undefined);
    await time.until(ledger.release(charge));
    expect(ledger.view().minute.remaining).toBe(1);
    expect(logged()).toHaveLength(3);
    store.fault = () => undefined;
    expect((await time.until(ledger.take(wanting(5)))).granted).toBe(1);
    expect(logged()).toHaveLength(3);
  });

  test('a correction that comes in the middle of a swap goes with the next', async () => {
    const { time, instance, logged } = setUpLedgers();
    const ledger = instance();
    const charge = await time.until(ledger.take(wanting(1)));
    await time.pass(9_000);
    const taking = ledger.take(wanting(1));
    await time.pass(25); // its read is over, and its write under way
    await time.until(Promise.all([taking, ledger.settle(charge, charge.chargedAtMs + 9_000)]));
    expect(logged()[0]).toBe(charge.loggedAtMs);
    await time.until(ledger.take(wanting(1)));
    expect(logged()).toHaveLength(3);
    expect(logged()[0]).toBeGreaterThanOrEqual(charge.latestMs + 6_900);
    expect(logged()[0]).toBeLessThan(charge.loggedAtMs);
  });
});
