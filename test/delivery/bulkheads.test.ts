import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomFrom } from '../support/random.js';
import {
  type DeliveriesFixture,
  DOWN,
  destination,
  OK,
  openDeliveriesFixture,
} from './deliveries-fixture.js';

const HUNG_MS = 15_000;

let fixture: DeliveriesFixture;
beforeEach(() => {
  fixture = openDeliveriesFixture(randomFrom(7));
});
afterEach(() => fixture.close());

/** When the last of those for a destination arrived. */
const lastArrival = (name: string) =>
  Math.max(...fixture.arrivals.filter(({ to }) => to === name).map(({ atMs }) => atMs));
const arrived = (name: string) => fixture.arrivals.filter(({ to }) => to === name).length;

describe('one instance, with what host.json lets it work on at once', () => {
  test('a destination that hangs, with 200 deliveries due → another one’s 200 arrive in the seconds that they take alone', async () => {
    fixture.destinations = [destination('hung'), destination('siem')];
    fixture.receive = async (_outgoing, { name }) => {
      if (name === 'siem') return OK;
      await fixture.clock.sleep(HUNG_MS);
      return { kind: 'failed', reason: 'It did not answer within 15 s.' };
    };
    for (let n = 0; n < 200; n++) {
      await fixture.post({ destination: 'hung' });
      await fixture.post({ destination: 'siem' });
    }
    const beganMs = fixture.clock.monotonicMs();
    fixture.startWorker();
    await fixture.clock.pass(20_000);
    expect(arrived('siem')).toBe(200);
    expect(lastArrival('siem') - beganMs).toBeLessThan(4_000);
    // Not forgotten: it gets what room there is for one that is slow.
    await fixture.clock.pass(300_000);
    expect(arrived('hung')).toBeGreaterThan(30);
    const late = await fixture.post({ destination: 'siem' });
    const postedMs = fixture.clock.monotonicMs();
    await fixture.untilIs('delivered', late.id);
    expect(lastArrival('siem') - postedMs).toBeLessThan(12_000); // mostly how often the host looks
  });

  test('a destination that is healthy has all the room that it can use, and none of its deliveries is spared', async () => {
    fixture.receive = async () => {
      await fixture.clock.sleep(50);
      return OK;
    };
    for (let n = 0; n < 300; n++) await fixture.post();
    const beganMs = fixture.clock.monotonicMs();
    fixture.startWorker();
    await fixture.clock.pass(10_000);
    expect(arrived('siem')).toBe(300);
    // Six at once, 50 ms each: 2.5 s.
    expect(lastArrival('siem') - beganMs).toBeLessThan(4_000);
    await fixture.clock.pass(60_000);
    expect(fixture.queue.messages.size).toBe(0);
  });

  test('a backlog of an app that was stopped for longer than any schedule arrives, all of it', async () => {
    for (let n = 0; n < 60; n++) await fixture.post();
    await fixture.clock.pass(40 * 3_600_000);
    fixture.receive = async () => {
      await fixture.clock.sleep(1_500);
      return OK;
    };
    fixture.startWorker();
    await fixture.clock.pass(600_000);
    expect(fixture.reports).toEqual([]);
    expect(arrived('siem')).toBe(60);
  });

  test('a destination that fails at once is not taken for slow', async () => {
    fixture.receive = (_outgoing, _to, nth) => (nth <= 40 ? DOWN : OK);
    const posts = [];
    for (let n = 0; n < 40; n++) posts.push(await fixture.post());
    fixture.startWorker();
    await fixture.clock.pass(30_000);
    for (const { id } of posts)
      expect(await fixture.ask(id)).toMatchObject({ status: 'delivered', attempts: 2 });
  });
});
