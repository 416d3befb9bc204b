import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { LEASE_MS, QueuePump, type QueueSettings } from '../../local/host/queue-pump.js';
import { type HostQueue, QueueFailure } from '../../local/host/queue-service.js';
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
  { isPoison = false, onFatal }: { isPoison?: boolean; onFatal?: (error: unknown) => void } = {},
): void {
  pumps.push(
    new QueuePump({
      clock,
      queue: queue.host,
      poison: isPoison ? undefined : poison.host,
      settings: SETTINGS,
      onError,
      ...(onFatal && { onFatal }),
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

  /** A queue of which one operation fails so, until `isWell`. */
  function failing(of: MemoryQueue, operation: keyof HostQueue, failure: QueueFailure) {
    const { host } = of;
    const state = { isWell: false };
    const failed = (...given: never[]) =>
      state.isWell
        ? (host[operation] as (...all: never[]) => Promise<never>)(...given)
        : Promise.reject(failure);
    Object.defineProperty(of, 'host', { value: { ...host, [operation]: failed } });
    return state;
  }

  const REFUSED = [400, 401, 403].map((status) => new QueueFailure('refused', status));
  const NO_ANSWER = new QueueFailure('connect ECONNREFUSED', undefined);

  test.each<[keyof HostQueue, QueueFailure, number]>([
    ...REFUSED.map((failure) => ['receive', failure, 0] as [keyof HostQueue, QueueFailure, number]),
    ['receive', NO_ANSWER, 24_800],
    ['receive', new QueueFailure('throttled', 429), 24_800],
    ...REFUSED.map((failure) => ['delete', failure, 0] as [keyof HostQueue, QueueFailure, number]),
    ['delete', NO_ANSWER, 24_800],
    ['delete', new QueueFailure('unavailable', 503), 24_800],
  ])('%s fails with %p: the host ends after %d ms', async (operation, failure, afterMs) => {
    const ends: number[] = [];
    failing(queue, operation, failure);
    queue.put(encoded('one'));
    start(undefined, { onFatal: () => ends.push(clock.monotonicMs()) });
    if (afterMs > 0) await clock.pass(afterMs - 1_000);
    expect(ends).toEqual([]);
    await clock.pass(1_500);
    expect(ends[0]).toBe(afterMs);
  });

  test.each([
    new QueueFailure('unavailable', 503),
    new QueueFailure('being deleted', 409),
    new QueueFailure('it hangs', undefined, true),
  ])('a look that fails with %p does not end the host, which goes on when that is over', async (failure) => {
    const ends: unknown[] = [];
    const state = failing(queue, 'receive', failure);
    start(undefined, { onFatal: (error) => ends.push(error) });
    await clock.pass(3_600_000);
    expect(ends).toEqual([]);
    state.isWell = true;
    queue.put(encoded('after'));
    await clock.pass(30_000);
    expect(handled).toHaveLength(1);
  });

  test.each([
    ['white space', (text: string) => ` ${text.slice(0, 4)}\r\n\t${text.slice(4)} `, ['{"a":"b"}']],
    ['last bits that are not zero', () => 'YWJjZB==', ['abcd']],
    ['no padding', () => 'YWJjZA', []],
    ['the alphabet of URLs', () => 'Pz8_Pz8-', []],
  ])('base64 with %s is read as .NET reads it', async (_name, spoil, texts) => {
    start();
    queue.put(spoil(encoded('{"a":"b"}')));
    await clock.pass(1_000);
    expect(handled.map(({ text }) => text)).toEqual(texts);
    expect(poison.messages.size).toBe(texts.length === 0 ? 1 : 0);
  });

  test('what is base64 and no UTF-8 fails and is delivered again, as a fault of the function would be', async () => {
    start();
    queue.put('//79');
    await clock.pass(20_000);
    expect([handled.length, queue.messages.size, poison.messages.size]).toEqual([0, 1, 0]);
    await clock.pass(200_000);
    expect([handled.length, queue.messages.size, poison.messages.size]).toEqual([0, 0, 1]);
  });
});
