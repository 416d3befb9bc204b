import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LEASE_MS, QueuePump, type QueueSettings } from '../../local/host/queue-pump.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { VirtualClock } from '../support/virtual-clock.js';

const SETTINGS: QueueSettings = {
  messageEncoding: 'base64',
  maxPollingMs: 2_000,
  visibilityMs: 30_000,
  maxDequeueCount: 5,
  batchSize: 2,
  newBatchThreshold: 1,
};
const encoded = (text: string) => Buffer.from(text).toString('base64');

let clock: VirtualClock;
let queue: MemoryQueue;
let poison: MemoryQueue;
let pumps: QueuePump[];
let handled: { text: string; atMs: number; dequeueCount: number }[];
let handle: (text: string) => Promise<void>;

beforeEach(() => {
  clock = new VirtualClock();
  queue = new MemoryQueue(clock);
  poison = new MemoryQueue(clock);
  pumps = [];
  handled = [];
  handle = async () => {};
});
afterEach(() => clock.until(Promise.all(pumps.map((pump) => pump.stop()))));

function start(
  onError: (error: unknown) => void = () => {},
  { isPoison = false }: { isPoison?: boolean } = {},
): void {
  pumps.push(
    new QueuePump({
      clock,
      queue: queue.host,
      poison: isPoison ? undefined : poison.host,
      settings: SETTINGS,
      onError,
      handle: (text, { dequeueCount }) => {
        handled.push({ text, atMs: clock.monotonicMs(), dequeueCount });
        return handle(text);
      },
    }),
  );
}

const texts = (of: MemoryQueue) => [...of.messages.values()].map(({ text }) => text);

describe('the queue trigger', () => {
  test('decodes, deletes after success, and looks every two seconds at an empty queue', async () => {
    start();
    await clock.pass(60_000);
    queue.put(encoded('hällo'));
    await clock.pass(2_000);
    expect(handled).toMatchObject([{ text: 'hällo', dequeueCount: 1 }]);
    expect(texts(queue)).toEqual([]);
    expect(texts(poison)).toEqual([]);
  });

  test('does not see a message before its time', async () => {
    start();
    queue.put(encoded('later'), 60_000);
    await clock.pass(59_000);
    expect(handled).toEqual([]);
    await clock.pass(3_000);
    expect(handled).toHaveLength(1);
  });

  test('moves what is in the wrong encoding to the poison queue, as it is', async () => {
    start();
    queue.put('{"no":"base64"}');
    await clock.pass(1_000);
    expect(handled).toEqual([]);
    expect(texts(queue)).toEqual([]);
    expect(texts(poison)).toEqual(['{"no":"base64"}']);
  });

  test('delivers after a reported failure again in 30 s, five times, then to the poison queue', async () => {
    const errors: unknown[] = [];
    handle = () => Promise.reject(new Error('broke'));
    start((error) => errors.push(error));
    queue.put(encoded('bad'));
    await clock.pass(200_000);
    expect(handled.map(({ dequeueCount }) => dequeueCount)).toEqual([1, 2, 3, 4, 5]);
    const waits = handled.slice(1).map(({ atMs }, n) => atMs - (handled[n]?.atMs ?? 0));
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(30_000);
    for (const wait of waits) expect(wait).toBeLessThanOrEqual(32_000);
    expect(errors).toHaveLength(5);
    expect(texts(queue)).toEqual([]);
    expect(texts(poison)).toEqual([encoded('bad')]);
  });

  test('delivers a killed worker’s message after ten minutes, and in the end to the poison queue', async () => {
    const forEver = new Promise<void>(() => {});
    handle = () => forEver;
    start(); // dies with each message: nothing is ever reported
    queue.put(encoded('deadly'));
    await clock.pass(LEASE_MS - 1_000);
    expect(handled).toHaveLength(1);
    await clock.pass(3_000);
    expect(handled.map(({ dequeueCount }) => dequeueCount)).toEqual([1, 2]);
    pumps.splice(0); // what hangs in them never ends
    handle = async () => {};
    start();
    for (const kept of queue.messages.values()) kept.dequeueCount = 5;
    await clock.pass(LEASE_MS + 5_000);
    expect(handled).toHaveLength(2);
    expect(texts(poison)).toEqual([encoded('deadly')]);
  });

  test('delivers what fails in a poison queue again after ten minutes, five times, and leaves it there', async () => {
    handle = () => Promise.reject(new Error('broke'));
    start(() => {}, { isPoison: true });
    queue.put(encoded('bad'));
    queue.put('{"no":"base64"}');
    await clock.pass(LEASE_MS - 1_000);
    expect(handled).toHaveLength(1);
    await clock.pass(9 * LEASE_MS);
    expect(handled.map(({ dequeueCount }) => dequeueCount)).toEqual([1, 2, 3, 4, 5]);
    expect(texts(queue)).toEqual([encoded('bad'), '{"no":"base64"}']);
    expect(texts(poison)).toEqual([]);
  });

  test('looks at an empty queue after 100 ms first, then after twice as long each time, up to two seconds', async () => {
    const looks: number[] = [];
    const host = queue.host;
    Object.defineProperty(queue, 'host', {
      value: {
        ...host,
        receive: (...given: [number, number]) => {
          looks.push(clock.monotonicMs());
          return host.receive(...given);
        },
      },
    });
    start();
    await clock.pass(7_100);
    const waits = looks.slice(1).map((atMs, n) => atMs - (looks[n] ?? 0));
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000]);
  });

  test('works on a batch at once, and fetches another when there is room', async () => {
    const open: (() => void)[] = [];
    handle = () => new Promise((resolve) => open.push(resolve));
    start();
    for (let n = 0; n < 6; n++) queue.put(encoded(String(n)));
    await clock.pass(10_000);
    expect(handled.map(({ text }) => text)).toEqual(['0', '1']);
    open.shift()?.();
    await clock.pass(1_000);
    expect(handled.map(({ text }) => text)).toEqual(['0', '1', '2', '3']);
    handle = async () => {};
    for (const finish of open) finish();
    await clock.pass(1_000);
    expect(handled).toHaveLength(6);
  });

  test('goes on when the queue was away', async () => {
    const errors: unknown[] = [];
    const host = queue.host;
    let isAway = true;
    Object.defineProperty(queue, 'host', {
      value: {
        ...host,
        receive: (...given: [number, number]) =>
          isAway ? Promise.reject(new Error('away')) : host.receive(...given),
      },
    });
    start((error) => errors.push(error));
    await clock.pass(10_000);
    expect(errors.length).toBeGreaterThan(0);
    isAway = false;
    queue.put(encoded('after'));
    await clock.pass(2_000);
    expect(handled).toHaveLength(1);
  });
});
