import { beforeEach, describe, expect, test } from '@jest/globals';
import type { OperatorAlert } from '../../shared/base/environment.js';
import { SharedAnswerCache } from '../../shared/lookup/shared-answer-cache.js';
import type { SourceAnswer } from '../../shared/lookup/source.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { VirtualClock } from '../support/virtual-clock.js';

const FOUND: SourceAnswer = { status: 'found', ips: ['192.0.2.1'], unusable: [] };
const NOT_FOUND: SourceAnswer = { status: 'not_found', ips: [], unusable: [] };

let time: VirtualClock;
let store: MemoryBlobStore;
let latencyMs: number;
let reports: OperatorAlert[];
beforeEach(() => {
  time = new VirtualClock();
  latencyMs = 10;
  store = new MemoryBlobStore(time, { latencyMs: () => latencyMs });
  reports = [];
});

const instance = (owner = 'me', times = { ipsSeconds: 300, notFoundSeconds: 30 }) => {
  const clock = time.machine({ originMs: Math.random() * 1e6, calendarMs: 300_000 });
  const report = (told: OperatorAlert) => void reports.push(told);
  return new SharedAnswerCache({ clock, store, times, owner, report });
};
const find = (cache: SharedAnswerCache, alertId: string) => time.until(cache.find(alertId, {}));

describe('the cache that instances share', () => {
  test('what one instance keeps, another finds, with its age by the store', async () => {
    await time.until(instance().keep('da1_1', FOUND));
    expect(await find(instance(), 'da1_1')).toEqual({ answer: FOUND, ageSeconds: 0 });
    await time.pass(120_000);
    expect(await find(instance(), 'da1_1')).toEqual({ answer: FOUND, ageSeconds: 120 });
    expect(await find(instance(), 'da1_2')).toBeUndefined();
    expect(await find(instance('another identity'), 'da1_1')).toBeUndefined();
  });

  test('an answer that version 0.1.0 has written is found', async () => {
    await time.until(instance().keep('da1_1', NOT_FOUND));
    const [name = ''] = store.blobs.keys();
    const written = '{"version":1,"answer":{"status":"found","ips":["192.0.2.1"],"unusable":[]}}';
    await time.until(store.write(name, written, 'any'));
    expect(await find(instance(), 'da1_1')).toEqual({ answer: FOUND, ageSeconds: 0 });
  });

  test('what has expired is not found: each kind of answer has its own time', async () => {
    await time.until(Promise.all([instance().keep('da1_1', FOUND), instance().keep('da1_2', NOT_FOUND)]));
    await time.pass(28_000);
    expect(await find(instance(), 'da1_2')).toBeDefined();
    await time.pass(2_000);
    expect(await find(instance(), 'da1_2')).toBeUndefined();
    await time.pass(268_000);
    expect(await find(instance(), 'da1_1')).toBeDefined();
    await time.pass(2_000);
    expect(await find(instance(), 'da1_1')).toBeUndefined();
  });

  test('an answer larger than a blob that would be read is not shared', async () => {
    const cache = instance();
    const ips = (count: number) => Array.from({ length: count }, (_, n) => `2001:db8:${n.toString(16)}::1`);
    await time.until(cache.keep('da1_1', { ...FOUND, ips: ips(300_000) }));
    expect(store.operations.write).toBe(0);
    await time.until(cache.keep('da1_1', { ...FOUND, ips: ips(100_000) }));
    expect(await find(cache, 'da1_1')).toMatchObject({ answer: { status: 'found' } });
  });

  test('where nothing is to be kept, the store is not asked', async () => {
    const cache = instance('me', { ipsSeconds: 0, notFoundSeconds: 0 });
    await cache.keep('da1_1', FOUND);
    expect(await cache.find('da1_1', {})).toBeUndefined();
    expect(store.operations).toMatchObject({ read: 0, write: 0 });
  });

  test('names tell nothing of the alert, and no id can leave the folder', async () => {
    await time.until(instance().keep('../quota/me', FOUND));
    expect([...store.blobs.keys()]).toEqual([expect.stringMatching(/^ips\/[0-9a-f]{64}\.json$/)]);
  });

  test.each([
    '',
    '{',
    'null',
    '{"version":2}',
    '{"version":1,"answer":{"status":"found","ips":[1],"unusable":[]}}',
  ])('a blob that is none of ours is not found: %s', async (text) => {
    await time.until(instance().keep('da1_1', FOUND));
    const [name = ''] = store.blobs.keys();
    store.blobs.set(name, { text, etag: '"x"', lastModifiedMs: time.epochMs() });
    expect(await find(instance(), 'da1_1')).toBeUndefined();
    expect(reports).toEqual([]);
  });

  test('a store that is down or stuck is reported, and left alone for five seconds', async () => {
    const cache = instance();
    latencyMs = 60_000;
    const began = time.monotonicMs();
    expect(await find(cache, 'da1_1')).toBeUndefined();
    expect(time.monotonicMs() - began).toBeLessThanOrEqual(1_000);
    expect(await find(cache, 'da1_2')).toBeUndefined();
    expect(time.monotonicMs() - began).toBeLessThanOrEqual(1_000);
    expect(reports.map(({ event }) => event)).toEqual(['shared-cache-skipped']);
    latencyMs = 10;
    await time.until(cache.keep('da1_1', FOUND));
    await time.pass(5_000);
    await time.until(cache.keep('da1_1', FOUND));
    expect(await find(cache, 'da1_1')).toMatchObject({ answer: FOUND });
  });

  describe('asked for thousands of alerts at once', () => {
    const ALERTS = Array.from({ length: 3_000 }, (_, index) => `da1_${index}`);
    const askForAll = (cache: SharedAnswerCache, request = {}) =>
      Promise.all(ALERTS.map((id) => cache.find(id, request)));
    const findAll = (cache: SharedAnswerCache) => time.until(askForAll(cache));
    let mostAtOnce: number;
    beforeEach(() => {
      mostAtOnce = 0;
      let underWay = 0;
      const read = store.read.bind(store);
      store.read = (name) => {
        mostAtOnce = Math.max(mostAtOnce, ++underWay);
        return read(name).finally(() => underWay--);
      };
    });

    test('a few are read at the same time, and all are found', async () => {
      const cache = instance();
      latencyMs = 20;
      await time.until(Promise.all(ALERTS.map((id) => cache.keep(id, FOUND))));
      const found = await findAll(cache);
      expect(found.every((one) => one?.answer.status === 'found')).toBe(true);
      expect(mostAtOnce).toBe(32);
      expect(reports).toEqual([]);
    });

    test('a store that is stuck is reported once, and nobody waits behind another one', async () => {
      latencyMs = 60_000;
      const began = time.monotonicMs();
      await findAll(instance());
      expect(time.monotonicMs() - began).toBe(1_000);
      expect(mostAtOnce).toBe(32);
      expect(reports).toHaveLength(1);
    });

    test.each([20, 100, 900])(
      'another request is answered next, not after all of them (a read takes %i ms)',
      async (readMs) => {
        const cache = instance();
        await time.until(cache.keep('da9_9', FOUND));
        latencyMs = readMs;
        const all = askForAll(cache);
        await time.pass(50);
        const began = time.monotonicMs();
        expect(await find(cache, 'da9_9')).toMatchObject({ answer: FOUND });
        // At the longest the rest of a read that is under way, and its own.
        expect(time.monotonicMs() - began).toBeLessThanOrEqual(2 * readMs);
        await time.until(all);
      },
    );

    test('writes are few at a time as well, none is lost, and reads go on meanwhile', async () => {
      const cache = instance();
      let writing = 0;
      let mostWrites = 0;
      const write = store.write.bind(store);
      store.write = (...args) => {
        mostWrites = Math.max(mostWrites, ++writing);
        return write(...args).finally(() => writing--);
      };
      latencyMs = 20;
      const kept = Promise.all(ALERTS.map((id) => cache.keep(id, FOUND)));
      await time.pass(50);
      const began = time.monotonicMs();
      expect(await find(cache, ALERTS[0] as string)).toMatchObject({ answer: FOUND });
      expect(time.monotonicMs() - began).toBeLessThanOrEqual(20);
      await time.until(kept);
      expect(store.blobs.size).toBe(ALERTS.length);
      expect(mostWrites).toBe(16);
    });

    test('with a slow store nobody waits much longer than five seconds for a turn', async () => {
      latencyMs = 900;
      const began = time.monotonicMs();
      await findAll(instance());
      expect(time.monotonicMs() - began).toBeLessThan(7_000);
      expect(reports).toEqual([]);
    });
  });
});
