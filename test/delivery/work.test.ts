import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sweepDeliveries } from '../../shared/delivery/sweep-deliveries.js';
import type { BlobStore } from '../../shared/storage/blob-store.js';
import { sweep } from '../../shared/storage/sweep.js';
import {
  DOWN,
  destination,
  HOUR,
  OK,
  openPostOffice,
  type PostOffice,
  payload,
  SCHEDULE_MS,
} from './post-office.js';

const DAY = 24 * HOUR;

let office: PostOffice;
beforeEach(() => {
  office = openPostOffice();
});
afterEach(() => office.close());

const sweepAll = () => {
  const { store, queue, clock, places } = office;
  return clock.until(sweepDeliveries({ store, queue, clock, places }, 60_000));
};
const blobs = (folder: string) => [...office.store.blobs.keys()].filter((name) => name.startsWith(folder));

describe('a delivery', () => {
  test('is tried at once, and nothing of its body is kept after it', async () => {
    office.employ();
    const { id, status } = await office.post();
    expect(status).toBe('queued');
    expect(await office.untilIs('delivered', id)).toMatchObject({ attempts: 1, lastStatus: 204 });
    await office.pass(0);
    expect(blobs(office.places.bodies)).toEqual([]);
    expect(office.queue.messages.size).toBe(0);
    expect(office.errors).toEqual([]);
  });

  test('row 37: every attempt of the schedule fails → a dead letter with its body and an alarm, hours later; no wait is an error, and nothing vanishes', async () => {
    office.receive = () => DOWN;
    office.employ();
    const { id } = await office.post();
    const view = await office.untilIs('dead-lettered', id, 60_000);
    expect(view).toMatchObject({ attempts: 8, lastStatus: 503 });
    const waits = office.arrivals.slice(1).map(({ atMs }, n) => atMs - (office.arrivals[n]?.atMs ?? 0));
    SCHEDULE_MS.slice(1).forEach((plannedMs, n) => {
      expect(waits[n]).toBeGreaterThanOrEqual(plannedMs);
      expect(waits[n]).toBeLessThan(plannedMs * 1.1 + 11_000); // how often the host looks
    });
    expect(office.reports).toEqual([
      { event: 'delivery-dead-lettered', detail: expect.stringContaining(`/api/deliveries/${id}/redeliver`) },
    ]);
    expect(office.reports[0]?.detail).not.toContain('/in');
    expect(blobs(office.places.dead)).toHaveLength(1);
    expect(blobs(office.places.bodies)).toHaveLength(1);
    expect(office.errors).toEqual([]);
    expect(office.poison.messages.size).toBe(0);
  });

  test('whose message is delivered twice is sent once', async () => {
    await office.post();
    for (const { text } of [...office.queue.messages.values()]) office.queue.put(text);
    office.receive = async () => {
      await office.clock.sleep(5_000);
      return OK;
    };
    office.employ();
    office.employ();
    await office.pass(HOUR);
    expect(office.arrivals).toHaveLength(1);
    expect(office.queue.messages.size).toBe(0);
  });

  test('whose destination was removed meanwhile is a dead letter, and goes there when it is back', async () => {
    const { id } = await office.post();
    office.destinations = [destination('other')];
    office.employ();
    expect((await office.untilIs('dead-lettered', id)).reason).toContain('"siem"');
    expect(office.reports).toHaveLength(1);
    await expect(office.clock.until(office.open().redeliver(id))).rejects.toMatchObject({ status: 409 });
    await office.close();
    office.destinations = [destination()];
    office.employ();
    await office.clock.until(office.open().redeliver(id));
    await office.untilIs('delivered', id);
    expect(office.arrivals.map((one) => one.id)).toEqual([id]);
  });

  test('whose destination is removed before its job is done is a dead letter of the enriched alert', async () => {
    const instance = office.open();
    const order = await office.clock.until(
      instance.order({
        destination: 'siem',
        text: '{}',
        query: '',
        dedupe: undefined,
        traceparent: undefined,
      }),
    );
    office.destinations = [];
    const receipt = await office.clock.until(office.open().accept(order, payload('{"n":1}')));
    expect(receipt).toEqual({ id: order.id, destination: 'siem', status: 'dead-lettered' });
    expect(office.reports).toHaveLength(1);
  });

  test('is sent with the settings of the moment: a secret that was rotated while it waited', async () => {
    const secrets: string[] = [];
    office.receive = (_outgoing, { auth }, nth) => {
      if (auth.type === 'header') secrets.push(auth.value);
      return nth === 1 ? DOWN : OK;
    };
    const withSecret = (value: string) => {
      office.destinations = [destination('siem', { auth: { type: 'header', header: 'x-key', value } })];
      office.employ();
    };
    withSecret('old');
    const { id } = await office.post();
    await office.pass(1_000);
    await office.close();
    withSecret('new');
    await office.untilIs('delivered', id);
    expect(secrets).toEqual(['old', 'new']);
  });

  test('is spared without using an attempt up, and given up after its schedule and an hour', async () => {
    office = openPostOffice(undefined, 120_000);
    office.receive = () => ({ kind: 'spared', retryAfterMs: 600_000 });
    office.employ();
    const { id } = await office.post();
    await office.pass(30 * HOUR);
    expect(await office.ask(id)).toMatchObject({ status: 'queued', attempts: 0 });
    await office.pass(8 * HOUR); // how often the host looks is not in the sum
    expect(await office.ask(id)).toMatchObject({ status: 'dead-lettered', attempts: 0 });
    expect(office.reports).toHaveLength(1);
  });

  test('that fails again and again by a fault of ours is a dead letter, with an alarm', async () => {
    office.receive = () => {
      throw new TypeError('a fault of ours');
    };
    office.employ();
    const { id } = await office.post();
    expect(await office.untilIs('dead-lettered', id)).toMatchObject({ attempts: 0 });
    expect(office.errors).toHaveLength(5);
    expect(office.reports).toHaveLength(1);
  });
});

describe('a repeated post', () => {
  test('is the same for an hour, by the store’s time, and then another one', async () => {
    office.employ();
    const again = () => office.post({ text: '{"same":1}' });
    const first = await again();
    await office.untilIs('delivered', first.id);
    await office.pass(HOUR - 10_000);
    expect(await again()).toEqual({ ...first, status: 'delivered' });
    await office.pass(20_000);
    const second = await again();
    expect(second.id).not.toBe(first.id);
    await office.untilIs('delivered', second.id);
    expect(office.arrivals.map(({ id }) => id)).toEqual([first.id, second.id]);
  });

  test('row 34: the queue is down when a forward is to be accepted → refused and nothing claimed; the repeated post is one delivery', async () => {
    for (const fault of ['before', 'after'] as const) {
      office = openPostOffice();
      const post = { text: '{"same":1}' };
      office.queue.fault = () => fault;
      await expect(office.post(post)).rejects.toMatchObject({ kind: 'storage-unavailable', status: 503 });
      office.queue.fault = () => undefined;
      const { id } = await office.post(post);
      office.employ();
      await office.untilIs('delivered', id);
      await office.pass(HOUR);
      expect(office.arrivals.map((one) => one.id)).toEqual([id]);
      await office.close();
    }
  });

  test('makes up for a message that somebody has cleared from the queue', async () => {
    office.receive = (_outgoing, _to, nth) => (nth === 1 ? DOWN : OK);
    office.employ();
    const { id } = await office.post({ text: '{"same":1}' });
    await office.pass(2_000);
    office.queue.messages.clear();
    await office.pass(0.5 * HOUR);
    expect(await office.ask(id)).toMatchObject({ status: 'queued', attempts: 1 });
    await office.post({ text: '{"same":1}' });
    await office.untilIs('delivered', id);
  });
});

describe('a storage that goes away', () => {
  test.each(['before', 'after'] as const)(
    'at any one of its operations (%s it took effect): the delivery arrives, under one id',
    async (when) => {
      for (let nth = 1; ; nth++) {
        office = openPostOffice();
        const { id } = await office.post();
        let operations = 0;
        office.store.fault = () => (++operations === nth ? when : undefined);
        office.employ();
        await office.pass(0.5 * HOUR);
        office.store.fault = () => undefined;
        expect({ nth, ...(await office.untilIs('delivered', id)) }).toMatchObject({ nth, id });
        expect(new Set(office.arrivals.map((one) => one.id))).toEqual(new Set([id]));
        expect(office.errors).toEqual([]);
        expect(office.queue.messages.size).toBe(0);
        await office.close();
        if (operations < nth) break;
      }
    },
  );

  test('for ten minutes: no message is poison, and the delivery goes on', async () => {
    const { id } = await office.post();
    office.store.fault = () => 'before';
    office.employ();
    await office.pass(600_000);
    office.store.fault = () => undefined;
    await office.untilIs('delivered', id);
    expect(office.poison.messages.size).toBe(0);
  });

  test.each([3, 10, 60])(
    'for %d minutes, the queue too, for us and not for the host: no delivery that was not tried is a dead letter',
    async (minutes) => {
      const { id } = await office.post();
      office.store.fault = () => 'before';
      office.queue.fault = () => 'before';
      office.employ();
      await office.pass(minutes * 60_000);
      office.store.fault = () => undefined;
      office.queue.fault = () => undefined;
      await office.pass(HOUR);
      expect(await office.ask(id)).toMatchObject({ status: 'delivered', attempts: 1 });
      expect(office.reports).toEqual([]);
    },
  );
});

describe('a write of which only the answer is lost, so that the library repeats it and is refused', () => {
  beforeEach(() => {
    const write = office.store.write.bind(office.store);
    office.store.write = async (name, text, condition) => {
      const first = await write(name, text, condition);
      return text.includes('"end"') ? write(name, text, condition) : first;
    };
  });

  test('does not swallow the alarm of a dead letter', async () => {
    office.receive = () => ({ kind: 'gone', status: 410, reason: 'No more.' });
    office.employ();
    const { id } = await office.post();
    await office.untilIs('dead-lettered', id);
    await office.pass(HOUR);
    expect(office.reports).toHaveLength(1);
    expect(blobs(office.places.dead)).toHaveLength(1);
  });

  test('leaves no body of what was delivered', async () => {
    office.employ();
    const { id } = await office.post();
    await office.untilIs('delivered', id);
    await office.pass(HOUR);
    expect(blobs(office.places.bodies)).toEqual([]);
    expect(office.reports).toEqual([]);
  });
});

test('a delivery of a later version of the app is left to that version, and its message with it', async () => {
  const { id } = await office.post();
  const name = office.places.state(id);
  const { text, ...rest } = office.store.blobs.get(name) ?? { text: '', etag: '', lastModifiedMs: 0 };
  office.store.blobs.set(name, { ...rest, text: text.replace('"version":1', '"version":2') });
  office.employ();
  await office.pass(HOUR);
  await expect(office.ask(id)).rejects.toMatchObject({ status: 503 });
  await expect(office.clock.until(office.open().redeliver(id))).rejects.toMatchObject({ status: 503 });
  office.store.blobs.set(name, { ...rest, text });
  await office.pass(60_000);
  expect(await office.ask(id)).toMatchObject({ status: 'delivered', attempts: 1 });
});

describe('a delivery whose message was given up', () => {
  test('by a worker that died before it could say so: the next one says it', async () => {
    office.receive = () => new Promise(() => {}); // its worker dies at it
    const { id } = await office.post();
    void office.open().work({ id, generation: 0 });
    await office.pass(1_000);
    const dying = office.open();
    const write = office.store.write.bind(office.store);
    office.store.write = async (name, text, condition) => {
      await write(name, text, condition);
      return new Promise(() => {});
    };
    void dying.giveUp({ id, generation: 0 });
    await office.pass(1_000);
    office.store.write = write;
    expect(await office.ask(id)).toMatchObject({ status: 'dead-lettered' });
    expect(office.reports).toEqual([]);
    await office.clock.until(office.open().giveUp({ id, generation: 0 }));
    expect(office.reports).toHaveLength(1);
  });

  test('though it was delivered is not marked as a dead letter', async () => {
    office.employ();
    const { id } = await office.post();
    await office.untilIs('delivered', id);
    await office.clock.until(office.open().giveUp({ id, generation: 0 }));
    expect(await office.clock.until(office.open().dead())).toEqual({ ids: [], hasMore: false });
  });
});

describe('a dead letter of which what was to be sent is not there', () => {
  const order = { id: 'b'.repeat(32), destination: 'siem' };

  test('since it is gone: the alarm does not promise that it can be sent again, and it cannot', async () => {
    const { id } = await office.post();
    office.store.blobs.delete(office.places.body(id));
    office.employ();
    await office.untilIs('dead-lettered', id);
    const { clock } = office;
    await clock.until(office.open().bury(order, undefined, 'The payload is gone.'));
    expect(office.reports).toHaveLength(2);
    expect(JSON.stringify(office.reports)).not.toContain('redeliver');
    for (const dead of [id, order.id]) {
      await expect(clock.until(office.open().redeliver(dead))).rejects.toMatchObject({
        kind: 'delivery-not-dead',
        message: expect.stringContaining('Post the alerts again.'),
      });
    }
  });

  test('since it could not be made: the alarm says that the alerts as posted can be sent', async () => {
    await office.clock.until(office.open().bury(order, '{"posted":1}', 'It could not be enriched.'));
    expect(office.reports[0]?.detail).toContain('as they were posted');
    office.employ();
    await office.clock.until(office.open().redeliver(order.id));
    await office.untilIs('delivered', order.id);
    expect(office.arrivals.map(({ body }) => body)).toEqual(['{"posted":1}']);
  });
});

describe('what is kept', () => {
  test('a delivery for a week after it was delivered, a dead letter for thirty days, what is queued for good', async () => {
    office.employ();
    const delivered = await office.post();
    await office.untilIs('delivered', delivered.id);
    office.receive = () => ({ kind: 'gone', status: 410, reason: 'No more.' });
    const dead = await office.post();
    await office.untilIs('dead-lettered', dead.id);
    await office.close();
    const waiting = await office.post();

    await office.pass(6 * DAY);
    expect(await sweepAll()).toMatchObject({ deleted: 0, finished: true });
    await office.pass(2 * DAY);
    await sweepAll();
    await expect(office.ask(delivered.id)).rejects.toMatchObject({ kind: 'delivery-unknown', status: 404 });
    await office.ask(dead.id);
    await office.pass(23 * DAY);
    await sweepAll();
    await expect(office.ask(dead.id)).rejects.toMatchObject({ status: 404 });
    expect(blobs(office.places.dead)).toEqual([]);
    expect(await office.ask(waiting.id)).toMatchObject({ status: 'queued' });
    const same = { prefix: office.places.same, containing: '', olderThanMs: HOUR };
    await office.clock.until(sweep(office.store, office.clock, [same], 60_000));
    expect(blobs('').sort()).toEqual(
      [office.places.body(waiting.id), office.places.state(waiting.id)].sort(),
    );
  });

  test('the sweep comes to what is queued, however many dead letters there are before it', async () => {
    office.receive = () => ({ kind: 'gone', status: 410, reason: 'No more.' });
    office.employ();
    for (let n = 0; n < 100; n++) await office.post();
    await office.pass(HOUR);
    await office.close();
    const { store, queue, clock, places } = office;
    const { id } = await office.post();
    queue.messages.clear();
    await office.pass(2 * DAY);
    const slow: BlobStore = {
      read: async (name) => {
        await clock.sleep(20);
        return store.read(name);
      },
      write: (...given) => store.write(...given),
      delete: (...given) => store.delete(...given),
      list: (...given) => store.list(...given),
    };
    // Time for two batches of reading, and there are seven.
    const swept = await clock.until(sweepDeliveries({ store: slow, queue, clock, places }, 50));
    expect(swept).toMatchObject({ deleted: 0, finished: true });
    office.receive = () => OK;
    office.employ();
    await office.pass(HOUR);
    expect(await office.ask(id)).toMatchObject({ status: 'delivered' });
  });

  test('a dead letter that is sent again while it is being swept keeps its body', async () => {
    office.receive = () => ({ kind: 'gone', status: 410, reason: 'No more.' });
    office.employ();
    const { id } = await office.post();
    await office.untilIs('dead-lettered', id);
    await office.pass(31 * DAY);
    const erase = office.store.delete.bind(office.store);
    office.store.delete = async (name, etag) => {
      office.store.delete = erase;
      await office.open().redeliver(id);
      await erase(name, etag);
    };
    office.receive = () => OK;
    await sweepAll();
    await office.pass(HOUR);
    expect(await office.ask(id)).toMatchObject({ status: 'delivered' });
  });

  test('the sweep sends a message for what is queued and long overdue, and sees to what a crash has left', async () => {
    const { id } = await office.post();
    office.queue.messages.clear();
    office.store.blobs.set(office.places.body('f'.repeat(32)), {
      text: '{}',
      etag: '"x"',
      lastModifiedMs: 0,
    });
    await office.pass(2 * DAY);
    expect(await sweepAll()).toMatchObject({ deleted: 1 });
    office.employ();
    await office.untilIs('delivered', id);
  });
});
