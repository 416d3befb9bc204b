import { expect, test } from '@jest/globals';
import { FairSemaphore } from '../../shared/lookup/fair-semaphore.js';
import { VirtualClock } from '../support/virtual-clock.js';

test('requesters are served in turn, each in the order of asking, also when one asks for more meanwhile', async () => {
  const clock = new VirtualClock();
  const semaphore = new FairSemaphore(clock, { mostAtOnce: 1, longestWaitMs: 60_000 });
  const order: string[] = [];
  const [one, other] = [{}, {}];
  const ask = (requester: object, name: string, begun = () => {}) =>
    semaphore.run(requester, async () => {
      order.push(name);
      begun();
      await clock.sleep(10);
    });
  const more: Promise<unknown>[] = [];
  const all = [
    ask(one, 'a1'),
    ask(one, 'a2', () => more.push(ask(one, 'a4'))),
    ask(one, 'a3'),
    ask(other, 'b1'),
    ask(other, 'b2'),
  ];
  await clock.until(Promise.all(all));
  await clock.until(Promise.all(more));
  expect(order).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
});

test('work that waited too long is not begun, and takes no place; work that fails gives its place back', async () => {
  const clock = new VirtualClock();
  const semaphore = new FairSemaphore(clock, { mostAtOnce: 1, longestWaitMs: 100 });
  const long = semaphore.run({}, () => clock.sleep(101));
  const late = semaphore.run({}, async () => 'late');
  await clock.until(long);
  expect(await late).toBeUndefined();
  await expect(semaphore.run({}, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(await semaphore.run({}, async () => 'next')).toBe('next');
});
