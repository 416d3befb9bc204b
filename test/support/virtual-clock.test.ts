import { expect, test } from '@jest/globals';
import { VirtualClock } from './virtual-clock.js';

const HOUR = 3_600_000;

/** Something in the background that never ends, as a queue trigger does. */
async function poll(clock: VirtualClock): Promise<never> {
  for (;;) await clock.sleep(60_000);
}

test('what never comes fails in virtual time, though something else goes on for ever', async () => {
  const clock = new VirtualClock();
  void poll(clock);
  await expect(clock.until(new Promise(() => {}))).rejects.toThrow('hours of virtual time');
  await expect(clock.eventually(async () => undefined, 5_000)).rejects.toThrow('hours of virtual time');
});

test('what was turned off is not waited for', async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const left = clock.sleep(HOUR, stop.signal);
  clock.alarm(2 * HOUR, () => {})();
  expect(clock.sleeping).toBe(1);
  stop.abort(new Error('nobody waits'));
  await expect(left).rejects.toThrow('nobody waits');
  expect(clock.sleeping).toBe(0);
  await expect(clock.until(new Promise(() => {}))).rejects.toThrow('Nothing is left');
  expect(clock.monotonicMs()).toBe(0);
});

test('all that is due at the end of the time that passes happens in it', async () => {
  const clock = new VirtualClock();
  const happened: string[] = [];
  const passing = clock.pass(HOUR);
  clock.alarm(HOUR, () => {
    happened.push('alarm');
    void clock.sleep(0).then(() => happened.push('what follows from it'));
  });
  clock.alarm(HOUR + 1, () => happened.push('too late'));
  await passing;
  expect(happened).toEqual(['alarm', 'what follows from it']);
  expect(clock.monotonicMs()).toBe(HOUR);
});
