import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomFrom } from '../support/random.js';
import { DOWN, destination, OK, openPostOffice, type PostOffice } from './post-office.js';

const PATIENCE_MS = 60_000;
const HUNG_MS = 15_000;

let office: PostOffice;
beforeEach(() => {
  office = openPostOffice(randomFrom(7));
});
afterEach(() => office.close());

/** When the last of those for a destination arrived. */
const lastArrival = (name: string) =>
  Math.max(...office.arrivals.filter(({ to }) => to === name).map(({ atMs }) => atMs));
const arrived = (name: string) => office.arrivals.filter(({ to }) => to === name).length;

describe('one instance, with what host.json lets it work on at once', () => {
  test(
    'row 35: a destination that hangs, with 200 deliveries due → another one’s 200 arrive in the seconds that they take alone',
    async () => {
      office.destinations = [destination('hung'), destination('siem')];
      office.receive = async (_outgoing, { name }) => {
        if (name === 'siem') return OK;
        await office.clock.sleep(HUNG_MS);
        return { kind: 'failed', reason: 'It did not answer within 15 s.' };
      };
      for (let n = 0; n < 200; n++) {
        await office.post({ destination: 'hung' });
        await office.post({ destination: 'siem' });
      }
      const beganMs = office.clock.monotonicMs();
      office.employ();
      await office.pass(20_000);
      expect(arrived('siem')).toBe(200);
      expect(lastArrival('siem') - beganMs).toBeLessThan(4_000);
      // Not forgotten: it gets what room there is for one that is slow.
      await office.pass(300_000);
      expect(arrived('hung')).toBeGreaterThan(30);
      const late = await office.post({ destination: 'siem' });
      const postedMs = office.clock.monotonicMs();
      await office.untilIs('delivered', late.id);
      expect(lastArrival('siem') - postedMs).toBeLessThan(12_000); // mostly how often the host looks
    },
    PATIENCE_MS,
  );

  test(
    'a destination that is healthy has all the room that it can use, and none of its deliveries is spared',
    async () => {
      office.receive = async () => {
        await office.clock.sleep(50);
        return OK;
      };
      for (let n = 0; n < 300; n++) await office.post();
      const beganMs = office.clock.monotonicMs();
      office.employ();
      await office.pass(10_000);
      expect(arrived('siem')).toBe(300);
      // Six at once, 50 ms each: 2.5 s.
      expect(lastArrival('siem') - beganMs).toBeLessThan(4_000);
      await office.pass(60_000);
      expect(office.queue.messages.size).toBe(0);
    },
    PATIENCE_MS,
  );

  test(
    'a backlog of an app that was stopped for longer than any schedule arrives, all of it',
    async () => {
      for (let n = 0; n < 60; n++) await office.post();
      await office.pass(40 * 3_600_000);
      office.receive = async () => {
        await office.clock.sleep(1_500);
        return OK;
      };
      office.employ();
      await office.pass(600_000);
      expect(office.reports).toEqual([]);
      expect(arrived('siem')).toBe(60);
    },
    PATIENCE_MS,
  );

  test('a destination that fails at once is not taken for slow', async () => {
    office.receive = (_outgoing, _to, nth) => (nth <= 40 ? DOWN : OK);
    const posts = [];
    for (let n = 0; n < 40; n++) posts.push(await office.post());
    office.employ();
    await office.pass(30_000);
    for (const { id } of posts)
      expect(await office.ask(id)).toMatchObject({ status: 'delivered', attempts: 2 });
  });
});
