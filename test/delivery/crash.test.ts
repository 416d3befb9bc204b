import { expect, test } from '@jest/globals';
import type { ForwardReceipt } from '../../shared/enrichment.js';
import { HOUR, OK, openPostOffice } from './post-office.js';

const POST = { text: '{"same":1}' };
/** What a process that has been killed never comes back from. */
const never = () => new Promise<never>(() => {});

/** An instance that accepts a post, works on it, and is killed before the n-th of its steps. */
async function killedAt(nth: number) {
  const office = openPostOffice();
  let steps = 0;
  const victim = office.open(() => (++steps >= nth ? never() : Promise.resolve()));
  let accepted: ForwardReceipt | undefined;
  office.accept(victim, POST).then((receipt) => {
    accepted = receipt;
  });
  const pump = office.employ(victim);
  await office.pass(60_000);
  pump.stop();
  return { office, accepted, isOver: steps < nth };
}

test('row 36: killed before any step of accepting or sending → what was accepted arrives, what was not is one delivery when repeated, each under one id', async () => {
  let sentTwice = 0;
  for (let nth = 1; ; nth++) {
    const { office, accepted, isOver } = await killedAt(nth);
    if (accepted) expect(await office.ask(accepted.id)).toMatchObject({ id: accepted.id });
    const repeated = await office.post(POST);
    expect({ nth, id: accepted?.id ?? repeated.id }).toEqual({ nth, id: repeated.id });
    office.employ();
    // The host's lease on a message in work, ten minutes.
    const view = await office.untilIs('delivered', repeated.id);
    expect(view.attempts).toBe(1);
    await office.pass(HOUR);
    expect(new Set(office.arrivals.map(({ id, body }) => `${id} ${body}`)).size).toBe(1);
    expect(office.queue.messages.size).toBe(0);
    expect(office.reports).toEqual([]);
    if (office.arrivals.length > 1) sentTwice++;
    if (isOver) break;
    expect(nth).toBeLessThan(60);
  }
  // Only a kill between the arrival and the note of it makes the receiver see one twice.
  expect(sentTwice).toBeGreaterThan(0);
  expect(sentTwice).toBeLessThan(5);
});

test('killed before any step of an attempt that fails: the next attempts are made, and none is lost', async () => {
  for (let nth = 1; ; nth++) {
    const office = openPostOffice();
    office.receive = (_outgoing, _to, arrival) =>
      arrival === 1 ? { kind: 'failed', status: 500, reason: 'It answered 500.' } : OK;
    const { id } = await office.post(POST);
    let steps = 0;
    const pump = office.employ(office.open(() => (++steps >= nth ? never() : Promise.resolve())));
    await office.pass(2_000);
    pump.stop();
    office.employ();
    await office.untilIs('delivered', id);
    await office.pass(HOUR);
    expect(office.queue.messages.size).toBe(0);
    expect(new Set(office.arrivals.map((one) => one.id))).toEqual(new Set([id]));
    if (steps < nth) break;
  }
});
