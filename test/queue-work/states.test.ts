import { expect, test } from '@jest/globals';
import { Places } from '../../shared/queue-work/blob-names.js';
import type { WorkItem } from '../../shared/queue-work/work-item.js';
import { DamagedStateError, OtherVersionError, WorkStore } from '../../shared/queue-work/work-store.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

interface Counter extends WorkItem {
  readonly n: number;
}

const ID = 'a'.repeat(32);

/** Two instances over one store, with an item in it. */
async function open() {
  const clock = new VirtualClock();
  const store = new MemoryBlobStore(clock);
  const places = new Places('jobs', '0'.repeat(32));
  const format = { newest: 1, versionOf: () => 1, read: (value: object) => value as Counter };
  const instance = () => new WorkStore<Counter>({ clock, random: () => 0.5, store, places }, format);
  const [one, other] = [instance(), instance()];
  await clock.until(one.create({ id: ID, generation: 0, n: 0 }));
  const more = (item: Counter) => ({ was: item.n, next: { ...item, n: item.n + 1 } });
  return { clock, store, places, one, other, more };
}

test('a state is written over what this process has read or written, without being read again', async () => {
  const { clock, store, one, more } = await open();
  const { item } = await clock.until(one.read(ID));
  const first = await clock.until(one.change(ID, more, item));
  const second = await clock.until(one.change(ID, more, first?.next));
  expect(second?.next).toMatchObject({ n: 2 });
  expect(store.operations).toMatchObject({ read: 1, write: 3, refused: 0 });
});

test('what another instance has written meanwhile is never overwritten, nor overlooked by who writes nothing', async () => {
  const { clock, one, other, more } = await open();
  const { item } = await clock.until(one.read(ID));
  await clock.until(other.change(ID, more));
  const look = (counter: Counter) => ({ was: counter.n, next: undefined });
  expect(await clock.until(one.change(ID, look, item))).toMatchObject({ was: 1 });
  expect(await clock.until(one.change(ID, more, item))).toMatchObject({ was: 1, next: { n: 2 } });
});

test('a copy has the store’s time of this moment', async () => {
  const { clock, one } = await open();
  const { item, storeTimeMs } = await clock.until(one.read(ID));
  await clock.pass(90_000);
  const when = (counter: Counter, nowMs: number) => ({ nowMs, next: { ...counter, n: 9 } });
  expect((await clock.until(one.change(ID, when, item)))?.nowMs).toBe(storeTimeMs + 90_000);
});

test.each([
  ['{"version":2,"id":"x"}', OtherVersionError],
  ['{"version":0}', DamagedStateError],
  [`{"version":1,"id":"${'b'.repeat(32)}"}`, DamagedStateError],
  ['{"version":"2"}', DamagedStateError],
  ['{}', DamagedStateError],
  ['[]', DamagedStateError],
  ['null', DamagedStateError],
  ['', DamagedStateError],
])('a state that is %j is another version’s only with a higher number', async (text, error) => {
  const { clock, store, places, one } = await open();
  await clock.until(store.write(places.state(ID), text, 'any'));
  await expect(clock.until(one.read(ID))).rejects.toBeInstanceOf(error);
  const replaced = await clock.until(one.replace(ID, () => ({ id: ID, generation: 0, n: 7 })));
  expect(replaced?.item.n).toBe(error === DamagedStateError ? 7 : undefined);
});
