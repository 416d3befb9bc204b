import { expect, test } from '@jest/globals';
import { Places } from '../../shared/queue-work/blob-names.js';
import type { WorkItem } from '../../shared/queue-work/work-item.js';
import { WorkStore } from '../../shared/queue-work/work-store.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

const ID = 'a'.repeat(32);

function open() {
  const clock = new VirtualClock();
  const store = new MemoryBlobStore(clock);
  const places = new Places('jobs', '0'.repeat(32));
  const items = new WorkStore<WorkItem>(
    { clock, random: () => 0.5, store, places },
    { newest: 1, versionOf: () => 1, read: (value) => value as unknown as WorkItem },
  );
  return { clock, store, items, name: places.state(ID) };
}

const next = (item: WorkItem) => ({ next: { ...item, generation: item.generation + 1 } });

test('others are always faster: ten tries in about seven seconds, and after the last one no wait', async () => {
  const { clock, store, items, name } = open();
  await clock.until(items.create({ id: ID, generation: 0 }));
  let lastMs = 0;
  store.fault = (operation) => {
    const blob = store.blobs.get(name);
    if (operation !== 'write' || !blob) return undefined;
    lastMs = clock.monotonicMs();
    store.blobs.set(name, { ...blob, etag: `"other-${lastMs}"` });
    return undefined;
  };
  await expect(clock.until(items.change(ID, next))).rejects.toMatchObject({ kind: 'storage-unavailable' });
  expect(store.operations).toMatchObject({ refused: 10 });
  expect(clock.monotonicMs()).toBe(lastMs);
  expect(lastMs).toBe(6_750);
});

test('what this process has written is written over without being read, and read when others were faster', async () => {
  const { clock, store, items, name } = open();
  const item = { id: ID, generation: 0 };
  await clock.until(items.create(item));
  const first = await clock.until(items.change(ID, next, item));
  expect(store.operations).toMatchObject({ read: 0, write: 2, refused: 0 });
  const blob = store.blobs.get(name);
  if (blob)
    store.blobs.set(name, {
      ...blob,
      text: blob.text.replace('"generation":1', '"generation":7'),
      etag: '"other"',
    });
  const second = await clock.until(items.change(ID, next, first?.next));
  expect(second?.next?.generation).toBe(8);
  expect(store.operations).toMatchObject({ read: 1, write: 3, refused: 1 });
});
