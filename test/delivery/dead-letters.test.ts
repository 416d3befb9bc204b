import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { START_MS } from '../support/virtual-clock.js';
import {
  type DeliveriesFixture,
  DOWN,
  destination,
  HOUR,
  LARGE,
  OK,
  openDeliveriesFixture,
} from './deliveries-fixture.js';

const DAY = 24 * HOUR;
const GONE = { kind: 'gone', status: 410, reason: 'It wants no more.' } as const;

let fixture: DeliveriesFixture;
beforeEach(() => {
  fixture = openDeliveriesFixture();
  fixture.destinations = [destination('siem'), destination('soc')];
  fixture.receive = () => GONE;
});
afterEach(() => fixture.close());

/** Makes dead letters, a second apart; their ids, the oldest first. */
async function die(count: number, to = 'siem'): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const { id } = await fixture.post({ destination: to });
    await fixture.clock.until(fixture.open().work({ id, generation: 0 }));
    await fixture.clock.pass(1_000);
    ids.push(id);
  }
  fixture.queue.messages.clear();
  return ids;
}

/** Every page of the list, and how many pages there were. */
async function list(to?: string): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = [];
  let after: string | undefined;
  for (let pages = 1; ; pages++) {
    const page = await fixture.clock.until(fixture.open().listDead(to, after));
    expect(page.value.length).toBeLessThanOrEqual(100);
    ids.push(...page.value.map(({ id }) => id));
    if (page.next === undefined) return { ids, pages };
    after = page.next;
  }
}

const range = (more = {}) => ({ destination: 'siem', sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER, ...more });
const redeliverRange = (more = {}) => fixture.clock.until(fixture.open().redeliverRange(range(more)));
const marks = () => [...fixture.store.blobs.keys()].filter((name) => name.startsWith(fixture.places.dead));

describe('the list', () => {
  test('has all dead letters, the newest first, and those of one destination when asked', async () => {
    const siem = await die(3);
    const soc = await die(2, 'soc');
    expect((await list()).ids).toEqual([...siem, ...soc].reverse());
    expect((await list('soc')).ids).toEqual([...soc].reverse());
    expect((await list('none')).ids).toEqual([]);
    const { value } = await fixture.clock.until(fixture.open().listDead('soc', undefined));
    expect(value[0]).toEqual({
      id: soc[1],
      destination: 'soc',
      status: 'dead-lettered',
      attempts: 1,
      lastStatus: 410,
      acceptedAt: new Date(START_MS + 4_000).toISOString(),
      deadLetteredAt: new Date(START_MS + 4_000).toISOString(),
      hasBody: true,
    });
  });

  test('comes in pages of a hundred, which begin where the one before ended, whatever is sent again meanwhile', async () => {
    const ids = await die(250);
    expect(await list()).toEqual({ ids: [...ids].reverse(), pages: 3 });
    const first = await fixture.clock.until(fixture.open().listDead('siem', undefined));
    for (const { id } of first.value.slice(0, 40)) await fixture.clock.until(fixture.open().redeliver(id));
    const second = await fixture.clock.until(fixture.open().listDead('siem', first.next));
    expect(second.value[0]?.id).toBe(ids[149]);
    expect(second.value).toHaveLength(100);
  });

  test.each(['', 'x', 'W10', 'bnVsbA', `${'x'.repeat(50_000)}`])(
    'refuses a place that it has not given (%#)',
    async (after) => {
      await expect(fixture.clock.until(fixture.open().listDead(undefined, after))).rejects.toMatchObject({
        kind: 'invalid-option',
      });
    },
  );

  test('has those without a body, and for 30 days, as any', async () => {
    const { id } = await fixture.post({ text: LARGE });
    for (const name of fixture.store.blobs.keys()) {
      if (name.startsWith(fixture.places.bodies)) fixture.store.blobs.delete(name);
    }
    fixture.startWorker();
    await fixture.untilIs('dead-lettered', id);
    for (let days = 0; days < 29; days++) {
      await fixture.clock.pass(DAY);
      await fixture.clock.until(fixture.open().sweep(60_000));
    }
    expect((await fixture.clock.until(fixture.open().listDead(undefined, undefined))).value).toMatchObject([
      { id, hasBody: false },
    ]);
    expect((await fixture.clock.until(fixture.open().dead())).ids).toEqual([id]);
    expect(await fixture.ask(id)).toMatchObject({ status: 'dead-lettered' });
    await fixture.clock.pass(2 * DAY);
    await fixture.clock.until(fixture.open().sweep(60_000));
    expect((await list()).ids).toEqual([]);
    await expect(fixture.ask(id)).rejects.toMatchObject({ status: 404 });
  });
});

test('one that was sent again and has failed since is queued: neither it nor its range is sent once more', async () => {
  const [id = ''] = await die(1);
  fixture.receive = () => DOWN;
  await fixture.clock.until(fixture.open().redeliver(id));
  await fixture.clock.until(fixture.open().work({ id, generation: 1 }));
  await expect(fixture.clock.until(fixture.open().redeliver(id))).rejects.toMatchObject({
    kind: 'delivery-not-dead',
  });
  expect(await redeliverRange()).toEqual({ requeued: 0, remaining: 0 });
});

test('one that a later version has written keeps no other from being listed and sent again', async () => {
  const [old = '', ...others] = await die(3);
  const name = fixture.places.state(old);
  const { text, ...rest } = fixture.store.blobs.get(name) ?? { text: '', etag: '', lastModifiedMs: 0 };
  fixture.store.blobs.set(name, { ...rest, text: text.replace(/"version":\d/, '"version":99') });
  expect((await list()).ids).toEqual([...others].reverse());
  expect(await redeliverRange()).toEqual({ requeued: 2, remaining: 0 });
});

describe('sending a range again', () => {
  test('sends what is asked for, once, however often it is asked for', async () => {
    const siem = await die(20);
    const soc = await die(2, 'soc');
    fixture.receive = () => OK;
    const arrivedBefore = fixture.arrivals.length;
    const answers = await fixture.clock.until(
      Promise.all([fixture.open().redeliverRange(range()), fixture.open().redeliverRange(range())]),
    );
    expect(answers.every(({ remaining }) => remaining === 0)).toBe(true);
    expect(await redeliverRange()).toEqual({ requeued: 0, remaining: 0 });
    fixture.startWorker();
    for (const id of siem) await fixture.untilIs('delivered', id);
    await fixture.clock.pass(HOUR);
    expect(await redeliverRange()).toEqual({ requeued: 0, remaining: 0 });
    expect(
      fixture.arrivals
        .slice(arrivedBefore)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...siem].sort());
    expect((await list()).ids).toEqual([...soc].reverse());
    expect(marks()).toHaveLength(2);
  });

  test('takes those that died in a span of time', async () => {
    const ids = await die(6);
    // They died at seconds 0 to 5.
    const span = { sinceMs: START_MS + 2_000, untilMs: START_MS + 3_000 };
    expect(await redeliverRange(span)).toEqual({ requeued: 2, remaining: 0 });
    expect((await list()).ids).toEqual([5, 4, 1, 0].map((n) => ids[n]));
  });

  test('takes a thousand at once, and says how many are left', async () => {
    const { id } = await fixture.post();
    await fixture.clock.until(fixture.open().work({ id, generation: 0 }));
    const state = fixture.store.blobs.get(fixture.places.state(id));
    const [mark = ''] = marks();
    for (let n = 0; n < 1_100; n++) {
      const copy = n.toString(16).padStart(32, '0');
      fixture.store.blobs.set(fixture.places.state(copy), {
        lastModifiedMs: state?.lastModifiedMs ?? 0,
        etag: `"${copy}"`,
        text: (state?.text ?? '').replace(id, copy),
      });
      fixture.store.blobs.set(mark.replace(id, copy), { text: '', etag: '"m"', lastModifiedMs: 0 });
      // Nothing can be sent of these: they do not remain.
      const without = mark.replace('.body/', '.none/').replace(id, copy.replace(/^0/, 'f'));
      if (n < 20) fixture.store.blobs.set(without, { text: '', etag: '"m"', lastModifiedMs: 0 });
    }
    await die(7, 'soc'); // so that pages of marks do not end at a thousand
    expect(await redeliverRange()).toEqual({ requeued: 1_000, remaining: 101 });
    expect(fixture.queue.messages.size).toBe(1_000);
    expect(await redeliverRange()).toEqual({ requeued: 101, remaining: 0 });
  });

  test('leaves alone what has no body, and never says that it remains', async () => {
    await fixture.clock.until(
      fixture
        .open()
        .deadLetter({ id: 'b'.repeat(32), destination: 'siem' }, undefined, 'The payload is gone.'),
    );
    expect(await redeliverRange()).toEqual({ requeued: 0, remaining: 0 });
    expect((await list()).ids).toEqual(['b'.repeat(32)]);
    expect(await fixture.ask('b'.repeat(32))).toMatchObject({ status: 'dead-lettered' });
    expect(fixture.queue.messages.size).toBe(0);
  });

  test('killed at any step: asked again it has sent all of them, each once', async () => {
    for (let nth = 1; ; nth++) {
      fixture = openDeliveriesFixture();
      fixture.receive = () => GONE;
      const ids = await die(3);
      fixture.arrivals.length = 0;
      fixture.receive = () => OK;
      let steps = 0;
      const victim = fixture.open(() => (++steps >= nth ? new Promise<never>(() => {}) : Promise.resolve()));
      void victim.redeliverRange(range());
      await fixture.clock.pass(60_000);
      await redeliverRange();
      fixture.startWorker();
      for (const id of ids) await fixture.untilIs('delivered', id);
      await fixture.clock.pass(HOUR);
      expect(fixture.arrivals.map(({ id }) => id).sort()).toEqual([...ids].sort());
      expect(marks()).toEqual([]);
      await fixture.close();
      if (steps < nth) break;
    }
  });
});
