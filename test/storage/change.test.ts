import { expect, test } from '@jest/globals';
import { Changes } from '../../shared/storage/change.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

test('others are always faster: ten tries in about seven seconds, and after the last one no wait', async () => {
  const time = new VirtualClock();
  const store = new MemoryBlobStore(time);
  await time.until(store.write('name', 'a', 'any'));
  let lastMs = 0;
  store.fault = (operation) => {
    const blob = store.blobs.get('name');
    if (operation !== 'write' || !blob) return undefined;
    lastMs = time.monotonicMs();
    store.blobs.set('name', { ...blob, etag: `"other-${lastMs}"` });
    return undefined;
  };
  const text = { read: (state: string) => state, write: (state: string) => state };
  const changes = new Changes<string>({ clock: time, random: () => 0.5, store }, text);
  const changing = changes.change(
    'name',
    (state) => `${state}b`,
    (decision) => decision,
  );
  await expect(time.until(changing)).rejects.toMatchObject({ kind: 'storage-unavailable' });
  expect(store.operations).toMatchObject({ refused: 10 });
  expect(time.monotonicMs()).toBe(lastMs);
  expect(lastMs).toBe(6_750);
});
