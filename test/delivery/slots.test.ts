import { beforeEach, describe, expect, test } from '@jest/globals';
import { SendingSlots } from '../../shared/delivery/slots.js';
import type { Message } from '../../shared/queue-work/message.js';
import { randomFrom } from '../support/random.js';
import { VirtualClock } from '../support/virtual-clock.js';

const SLOW_MS = 3_000;
const MINUTE = 60_000;

let clock: VirtualClock;
let slots: SendingSlots;
let asked: number;
beforeEach(() => {
  clock = new VirtualClock();
  slots = new SendingSlots(clock, randomFrom(3));
  asked = 0;
});

/** Asks for a slot, with a message that has waited before or a new one. */
async function admit(message: Message = { id: `dl_${++asked}`, generation: 0 }) {
  return clock.until(slots.admit('siem', message, clock.epochMs()));
}
async function mustGo(message?: Message): Promise<() => void> {
  const admission = await admit(message);
  if (admission.kind !== 'go') throw new Error('It was deferred.');
  return admission.leave;
}
async function mustWait(message?: Message): Promise<{ message: Message; waitMs: number }> {
  const admission = await admit(message);
  if (admission.kind !== 'defer') throw new Error('It may go.');
  return admission;
}

/** A receiver that has just taken three seconds. */
async function becomeSlow(): Promise<void> {
  const leave = await mustGo();
  await clock.pass(SLOW_MS);
  leave();
}

describe('a receiver that took more than two seconds', () => {
  beforeEach(becomeSlow);

  test('has two slots for a minute, and six again behind it', async () => {
    const leaves = [await mustGo(), await mustGo()];
    await mustWait();
    for (const leave of leaves) leave();
    await clock.pass(MINUTE + 1);
    for (let n = 0; n < 6; n++) await mustGo();
  });

  test('leaves a free slot to who has waited longer and is back in a moment', async () => {
    const leave = await mustGo();
    await mustGo();
    const { message, waitMs } = await mustWait();
    leave();
    await clock.pass(waitMs - 1_000);
    await mustWait();
    await mustGo(message);
  });

  test('does not wait for one who has come back to another instance', async () => {
    const leave = await mustGo();
    await mustGo(); // which is under way all the time: slow
    const { waitMs } = await mustWait();
    leave();
    await clock.pass(waitMs + MINUTE - 1_000);
    const { message } = await mustWait();
    await clock.pass(2_000);
    await mustGo(message);
  });

  test('gets its backlog spread: those that would stay away longest do not come back together', async () => {
    await mustGo();
    await mustGo();
    const waits: number[] = [];
    for (let n = 0; n < 1_000; n++) waits.push((await mustWait()).waitMs);
    const last = waits.slice(-100);
    expect(new Set(last).size).toBe(100);
    expect(Math.min(...last)).toBeGreaterThanOrEqual(7.5 * MINUTE);
    expect(Math.max(...last)).toBeLessThanOrEqual(15 * MINUTE);
    expect(Math.max(...last) - Math.min(...last)).toBeGreaterThan(5 * MINUTE);
  });
});

test('a receiver that is quick but for one attempt that hangs has its backlog back within two minutes', async () => {
  for (let n = 0; n < 50; n++) {
    const leave = await mustGo();
    await clock.pass(50);
    leave();
  }
  await mustGo();
  await clock.pass(5_000);
  await mustGo();
  let last = 0;
  for (let n = 0; n < 500; n++) last = (await mustWait()).waitMs;
  expect(last).toBeLessThan(2 * MINUTE);
});

test('a slot that becomes free is for who waits, not for who has stopped waiting', async () => {
  const leave = await mustGo();
  for (let n = 0; n < 5; n++) await mustGo();
  await mustWait();
  const next = slots.admit('siem', { id: 'dl_next', generation: 0 }, clock.epochMs());
  await clock.pass(500);
  leave();
  const freeAtMs = clock.monotonicMs();
  expect(await clock.until(next)).toMatchObject({ kind: 'go' });
  expect(clock.monotonicMs()).toBe(freeAtMs);
});
