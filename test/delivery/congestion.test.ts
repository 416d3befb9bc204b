import { expect, test } from '@jest/globals';
import { randomFrom } from '../support/random.js';
import { destination, HOUR, OK, openDeliveriesFixture } from './deliveries-fixture.js';

const STORAGE_MS = 15;

/** An instance between destinations of which each takes its time, with the host's own polling. */
function between(takesMs: Readonly<Record<string, number>>, schedule?: readonly number[]) {
  const fixture = openDeliveriesFixture(randomFrom(11), 2_000, STORAGE_MS);
  const more = schedule ? { scheduleMs: schedule.map((seconds) => seconds * 1000) } : {};
  fixture.destinations = Object.keys(takesMs).map((name) => destination(name, more));
  fixture.receive = async (_outgoing, { name }) => {
    await fixture.clock.sleep(takesMs[name] ?? 0);
    return OK;
  };
  return fixture;
}

test('4,000 deliveries due for a receiver of 5 s, storage at 15 ms → another destination waits less than a second in the median', async () => {
  const fixture = between({ slow: 5_000, quick: 20 });
  const { clock } = fixture;
  const instance = fixture.open();
  const accepting = Array.from({ length: 4_000 }, () => fixture.accept(instance, { destination: 'slow' }));
  await clock.until(Promise.all(accepting));
  fixture.startWorker();
  const acceptedAtMs = new Map<string, number>();
  for (let n = 0; n < 300; n++) {
    const { id } = await clock.until(fixture.accept(instance, { destination: 'quick' }));
    acceptedAtMs.set(id, clock.monotonicMs());
    await clock.pass(2_000);
  }
  await clock.pass(60_000);
  const quick = fixture.arrivals.filter(({ to }) => to === 'quick');
  expect(quick).toHaveLength(300);
  const waits = quick.map(({ id, atMs }) => atMs - (acceptedAtMs.get(id) ?? 0)).sort((one, two) => one - two);
  expect(waits[150]).toBeLessThan(1_000);
  // 660 s, two slots, 5 s each: 264 at the most.
  expect(fixture.arrivals.length - quick.length).toBeGreaterThan(200);
  await fixture.close();
});

test('1,000 deliveries for a receiver of 5 s with a schedule of 35 s → all arrive in the order in which they came, for two writes each', async () => {
  const fixture = between({ slow: 5_000 }, [0, 5, 30]);
  const { clock, store, queue } = fixture;
  const instance = fixture.open();
  const accepting = Array.from({ length: 1_000 }, () => fixture.accept(instance, { destination: 'slow' }));
  const ids = (await clock.until(Promise.all(accepting))).map(({ id }) => id);
  const accepted = { ...store.operations, sent: queue.sent };
  fixture.startWorker();
  const beganMs = clock.monotonicMs();
  await clock.pass(HOUR);
  expect(fixture.arrivals).toHaveLength(1_000);
  expect(fixture.reports).toEqual([]);
  const arrivedAtMs = new Map(fixture.arrivals.map(({ id, atMs }) => [id, atMs - beganMs]));
  // Two slots, 5 s each: 2.5 s for each of them.
  const late = ids.map((id, place) => (arrivedAtMs.get(id) ?? 0) - place * 2_500);
  expect(Math.max(...late)).toBeLessThan(0.25 * HOUR);
  // Its lease and its end; and looks, of which each costs a read and a message.
  expect(store.operations.write - accepted.write).toBe(2 * 1_000);
  expect(store.operations.read - accepted.read).toBeLessThan(15 * 1_000);
  expect(queue.sent - accepted.sent).toBeLessThan(15 * 1_000);
  await fixture.close();
});

test('a receiver that was slow and is quick again has its deliveries back within a quarter of an hour', async () => {
  const takesMs = { slow: 5_000 };
  const fixture = between(takesMs);
  const { clock } = fixture;
  const instance = fixture.open();
  const accepting = Array.from({ length: 1_000 }, () => fixture.accept(instance, { destination: 'slow' }));
  await clock.until(Promise.all(accepting));
  fixture.startWorker();
  await clock.pass(600_000);
  takesMs.slow = 20;
  await clock.pass(960_000);
  expect(fixture.arrivals).toHaveLength(1_000);
  await fixture.close();
});
