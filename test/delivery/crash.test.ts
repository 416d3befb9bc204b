import { expect, test } from '@jest/globals';
import type { ForwardReceipt } from '../../shared/enrichment/result.js';
import { HOUR, OK, openDeliveriesFixture } from './deliveries-fixture.js';

const POST = { text: '{"same":1}' };
/** What a process that has been killed never comes back from. */
const never = () => new Promise<never>(() => {});

/** An instance that accepts a post, works on it, and is killed before the n-th of its steps. */
async function killedAt(nth: number) {
  const fixture = openDeliveriesFixture();
  let steps = 0;
  const victim = fixture.open(() => (++steps >= nth ? never() : Promise.resolve()));
  let accepted: ForwardReceipt | undefined;
  fixture.accept(victim, POST).then((receipt) => {
    accepted = receipt;
  });
  const pump = fixture.startWorker(victim);
  await fixture.clock.pass(60_000);
  pump.stop();
  return { fixture, accepted, isOver: steps < nth };
}

test('killed before any step of accepting or sending → what was accepted arrives, what was not is one delivery when repeated, each under one id', async () => {
  let sentTwice = 0;
  for (let nth = 1; ; nth++) {
    const { fixture, accepted, isOver } = await killedAt(nth);
    if (accepted) expect(await fixture.ask(accepted.id)).toMatchObject({ id: accepted.id });
    const repeated = await fixture.post(POST);
    expect({ nth, id: accepted?.id ?? repeated.id }).toEqual({ nth, id: repeated.id });
    fixture.startWorker();
    // The host's lease on a message in work, ten minutes.
    const view = await fixture.untilIs('delivered', repeated.id);
    expect(view.attempts).toBe(1);
    await fixture.clock.pass(HOUR);
    expect(new Set(fixture.arrivals.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
    expect(fixture.queue.messages.size).toBe(0);
    expect(fixture.reports).toEqual([]);
    if (fixture.arrivals.length > 1) sentTwice++;
    if (isOver) break;
    expect(nth).toBeLessThan(60);
  }
  // Only a kill between the arrival and the note of it makes the receiver see one twice.
  expect(sentTwice).toBeGreaterThan(0);
  expect(sentTwice).toBeLessThan(5);
});

test('killed before any step of an attempt that fails: the next attempts are made, and none is lost', async () => {
  for (let nth = 1; ; nth++) {
    const fixture = openDeliveriesFixture();
    fixture.receive = (_outgoing, _to, arrival) =>
      arrival === 1 ? { kind: 'failed', status: 500, reason: 'It answered 500.' } : OK;
    const { id } = await fixture.post(POST);
    let steps = 0;
    const pump = fixture.startWorker(fixture.open(() => (++steps >= nth ? never() : Promise.resolve())));
    await fixture.clock.pass(2_000);
    pump.stop();
    fixture.startWorker();
    await fixture.untilIs('delivered', id);
    await fixture.clock.pass(HOUR);
    expect(fixture.queue.messages.size).toBe(0);
    expect(new Set(fixture.arrivals.map((one) => one.id))).toEqual(new Set([id]));
    if (steps < nth) break;
  }
});
