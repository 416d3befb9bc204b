import { describe, expect, test } from '@jest/globals';
import { sweep, sweepAll } from '../../shared/storage/sweep.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

const RULES = [
  { prefix: 'ips/', containing: '', olderThanMs: 300_000 },
  { prefix: 'quota/', containing: '.corrupt-', olderThanMs: 600_000 },
];

async function setUp(answers: number) {
  const time = new VirtualClock();
  const store = new MemoryBlobStore(time, { latencyMs: () => 10, pageSize: 50 });
  for (let n = 0; n < answers; n++) await time.until(store.write(`ips/${1000 + n}`, '{}', 'any'));
  for (const name of ['quota/me.json', 'quota/me.json.corrupt-1', 'other/x']) {
    await time.until(store.write(name, '{}', 'any'));
  }
  await time.pass(301_000);
  await time.until(store.write('ips/new', '{}', 'any'));
  return { time, store, names: () => [...store.blobs.keys()].sort() };
}

describe('the sweep', () => {
  test('deletes what each rule says, and nothing else', async () => {
    const { time, store, names } = await setUp(130);
    const swept = await time.until(sweep(store, time, RULES, 60_000));
    expect(swept).toEqual({ seen: 133, deleted: 130, finished: true });
    expect(names()).toEqual(['ips/new', 'other/x', 'quota/me.json', 'quota/me.json.corrupt-1']);
    await time.pass(301_000);
    await time.until(sweep(store, time, RULES, 60_000));
    expect(names()).toEqual(['other/x', 'quota/me.json']);
  });

  test('ends when its time is up, and the next one goes on', async () => {
    const { time, store, names } = await setUp(130);
    const first = await time.until(sweep(store, time, RULES, 40));
    expect(first.finished).toBe(false);
    expect(first.deleted).toBeGreaterThan(0);
    expect((await time.until(sweep(store, time, RULES, 60_000))).finished).toBe(true);
    expect(names()).toEqual(['ips/new', 'other/x', 'quota/me.json', 'quota/me.json.corrupt-1']);
  });

  test('ended in the middle, the next one completes it', async () => {
    const { time, store, names } = await setUp(40);
    let deletions = 0;
    store.fault = (operation) => (operation === 'delete' && ++deletions > 20 ? 'before' : undefined);
    await expect(time.until(sweep(store, time, RULES, 60_000))).rejects.toMatchObject({ status: 503 });
    store.fault = () => undefined;
    await time.until(sweep(store, time, RULES, 60_000));
    expect(names()).toEqual(['ips/new', 'other/x', 'quota/me.json', 'quota/me.json.corrupt-1']);
  });

  test('ends when its time is up though there is nothing to delete', async () => {
    const { time, store } = await setUp(130);
    const rules = [{ prefix: 'ips/', containing: '', olderThanMs: 1e9 }];
    expect(await time.until(sweep(store, time, rules, 15))).toMatchObject({ seen: 100, finished: false });
  });

  test('spares what was written again since it was listed', async () => {
    const { time, store, names } = await setUp(1);
    const list = store.list.bind(store);
    store.list = async (prefix, after) => {
      const page = await list(prefix, after);
      if (prefix === 'ips/') await store.write('ips/1000', '{"again":true}', 'any');
      return page;
    };
    await time.until(sweep(store, time, RULES, 60_000));
    expect(names()).toContain('ips/1000');
  });
});

test('of several sweeps each is made, whichever fails', async () => {
  const failure = new Error('It failed.');
  const swept = await sweepAll([
    () => Promise.resolve({ seen: 3, deleted: 2, finished: true }),
    () => Promise.reject(failure),
    () => Promise.resolve({ seen: 1, deleted: 1, finished: true }),
  ]);
  expect(swept).toEqual({ seen: 4, deleted: 3, finished: false, failure });
});
