import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { CodeNotLoadedError } from '../../shared/base/errors.js';
import { emitNothing } from '../../shared/base/telemetry-event.js';
import { createSend } from '../../shared/delivery/send.js';
import { sweep } from '../../shared/storage/sweep.js';
import {
  type DeliveriesFixture,
  DOWN,
  destination,
  HOUR,
  LARGE,
  OK,
  openDeliveriesFixture,
  payload,
  SCHEDULE_MS,
} from './deliveries-fixture.js';

const DAY = 24 * HOUR;

let fixture: DeliveriesFixture;
beforeEach(() => {
  fixture = openDeliveriesFixture();
});
afterEach(() => fixture.close());

const sweepAll = () => fixture.clock.until(fixture.open().sweep(60_000));
const blobs = (folder: string) => [...fixture.store.blobs.keys()].filter((name) => name.startsWith(folder));
/** All that is stored, as one text. */
const allStored = () => [...fixture.store.blobs.values()].map(({ text }) => text).join('\n');

describe('a delivery', () => {
  test('is tried at once, and nothing of its body is kept after it', async () => {
    fixture.startWorker();
    const { id, status } = await fixture.post({ text: '{"canary":1}' });
    const large = await fixture.post({ text: LARGE });
    expect(status).toBe('queued');
    expect(await fixture.untilIs('delivered', id)).toMatchObject({ attempts: 1, lastStatus: 204 });
    await fixture.untilIs('delivered', large.id);
    await fixture.clock.pass(0);
    expect(blobs(fixture.places.bodies)).toEqual([]);
    expect(allStored()).not.toMatch(/canary|padding/);
    expect(fixture.queue.messages.size).toBe(0);
    expect(fixture.errors).toEqual([]);
  });

  test('every attempt of the schedule fails → a dead letter with its body and an alarm, hours later; no wait is an error, and nothing vanishes', async () => {
    fixture.receive = () => DOWN;
    fixture.startWorker();
    const { id } = await fixture.post({ text: LARGE });
    const view = await fixture.untilIs('dead-lettered', id, 60_000);
    expect(view).toMatchObject({ attempts: SCHEDULE_MS.length, lastStatus: 503 });
    const waits = fixture.arrivals.slice(1).map(({ atMs }, n) => atMs - (fixture.arrivals[n]?.atMs ?? 0));
    SCHEDULE_MS.slice(1).forEach((plannedMs, n) => {
      expect(waits[n]).toBeGreaterThanOrEqual(plannedMs);
      expect(waits[n]).toBeLessThan(plannedMs * 1.1 + 11_000); // how often the host looks
    });
    expect(fixture.reports).toEqual([
      { event: 'delivery-dead-lettered', detail: expect.stringContaining(`/api/deliveries/${id}/redeliver`) },
    ]);
    expect(fixture.reports[0]?.detail).not.toContain('/in');
    expect(blobs(fixture.places.dead)).toHaveLength(1);
    expect(blobs(fixture.places.bodies)).toHaveLength(1);
    expect(fixture.errors).toEqual([]);
    expect(fixture.poison.messages.size).toBe(0);
  });

  test('whose message is delivered twice is sent once', async () => {
    await fixture.post();
    for (const { text } of [...fixture.queue.messages.values()]) fixture.queue.put(text);
    fixture.receive = async () => {
      await fixture.clock.sleep(5_000);
      return OK;
    };
    fixture.startWorker();
    fixture.startWorker();
    await fixture.clock.pass(HOUR);
    expect(fixture.arrivals).toHaveLength(1);
    expect(fixture.queue.messages.size).toBe(0);
  });

  test('whose destination was removed meanwhile is a dead letter, and goes there when it is back', async () => {
    const { id } = await fixture.post();
    fixture.destinations = [destination('other')];
    fixture.startWorker();
    expect((await fixture.untilIs('dead-lettered', id)).reason).toContain('"siem"');
    expect(fixture.reports).toHaveLength(1);
    await expect(fixture.clock.until(fixture.open().redeliver(id))).rejects.toMatchObject({ status: 409 });
    await fixture.close();
    fixture.destinations = [destination()];
    fixture.startWorker();
    await fixture.clock.until(fixture.open().redeliver(id));
    await fixture.untilIs('delivered', id);
    expect(fixture.arrivals.map((one) => one.id)).toEqual([id]);
  });

  test('whose destination is removed before its job is done is a dead letter of the enriched alert', async () => {
    const instance = fixture.open();
    const reservation = await fixture.clock.until(
      instance.reserve({
        destination: 'siem',
        text: '{}',
        query: '',
        dedupe: undefined,
        traceparent: undefined,
      }),
    );
    fixture.destinations = [];
    const receipt = await fixture.clock.until(fixture.open().accept(reservation, payload('{"n":1}')));
    expect(receipt).toEqual({ id: reservation.id, destination: 'siem', status: 'dead-lettered' });
    expect(fixture.reports).toHaveLength(1);
  });

  test('is sent with the settings of the moment: a secret that was rotated while it waited', async () => {
    const secrets: string[] = [];
    fixture.receive = (_outgoing, { auth }, nth) => {
      if (auth.type === 'header') secrets.push(auth.value);
      return nth === 1 ? DOWN : OK;
    };
    const withSecret = (value: string) => {
      fixture.destinations = [destination('siem', { auth: { type: 'header', header: 'x-key', value } })];
      fixture.startWorker();
    };
    withSecret('old');
    const { id } = await fixture.post();
    await fixture.clock.pass(1_000);
    await fixture.close();
    withSecret('new');
    await fixture.untilIs('delivered', id);
    expect(secrets).toEqual(['old', 'new']);
  });

  test('that fails again and again by a fault of ours is a dead letter, with an alarm', async () => {
    fixture.receive = () => {
      throw new TypeError('a fault of ours');
    };
    fixture.startWorker();
    const { id } = await fixture.post();
    expect(await fixture.untilIs('dead-lettered', id)).toMatchObject({ attempts: 0 });
    expect(fixture.errors).toHaveLength(5);
    expect(fixture.reports).toHaveLength(1);
  });
});

describe('a repeated post', () => {
  test('is the same for an hour, by the store’s time, and then another one', async () => {
    fixture.startWorker();
    const again = () => fixture.post({ text: '{"same":1}' });
    const first = await again();
    await fixture.untilIs('delivered', first.id);
    await fixture.clock.pass(HOUR - 10_000);
    expect(await again()).toEqual({ ...first, status: 'delivered' });
    await fixture.clock.pass(20_000);
    const second = await again();
    expect(second.id).not.toBe(first.id);
    await fixture.untilIs('delivered', second.id);
    expect(fixture.arrivals.map(({ id }) => id)).toEqual([first.id, second.id]);
  });

  test('the queue is down when a forward is to be accepted → refused and nothing claimed; the repeated post is one delivery', async () => {
    for (const fault of ['before', 'after'] as const) {
      fixture = openDeliveriesFixture();
      const post = { text: '{"same":1}' };
      fixture.queue.fault = () => fault;
      await expect(fixture.post(post)).rejects.toMatchObject({ kind: 'storage-unavailable', status: 503 });
      fixture.queue.fault = () => undefined;
      const { id } = await fixture.post(post);
      fixture.startWorker();
      await fixture.untilIs('delivered', id);
      await fixture.clock.pass(HOUR);
      expect(fixture.arrivals.map((one) => one.id)).toEqual([id]);
      await fixture.close();
    }
  });

  test('makes up for a message that somebody has cleared from the queue', async () => {
    fixture.receive = (_outgoing, _to, nth) => (nth === 1 ? DOWN : OK);
    fixture.startWorker();
    const { id } = await fixture.post({ text: '{"same":1}' });
    await fixture.clock.pass(2_000);
    fixture.queue.messages.clear();
    await fixture.clock.pass(0.5 * HOUR);
    expect(await fixture.ask(id)).toMatchObject({ status: 'queued', attempts: 1 });
    await fixture.post({ text: '{"same":1}' });
    await fixture.untilIs('delivered', id);
  });
});

describe('a storage that goes away', () => {
  test.each(['before', 'after'] as const)(
    'at any one of its operations (%s it took effect): the delivery arrives, under one id',
    async (when) => {
      for (let nth = 1; ; nth++) {
        fixture = openDeliveriesFixture();
        const { id } = await fixture.post();
        let operations = 0;
        fixture.store.fault = () => (++operations === nth ? when : undefined);
        fixture.startWorker();
        await fixture.clock.pass(0.5 * HOUR);
        fixture.store.fault = () => undefined;
        expect({ nth, ...(await fixture.untilIs('delivered', id)) }).toMatchObject({ nth, id });
        expect(new Set(fixture.arrivals.map((one) => one.id))).toEqual(new Set([id]));
        expect(fixture.errors).toEqual([]);
        expect(fixture.queue.messages.size).toBe(0);
        await fixture.close();
        if (operations < nth) break;
      }
    },
  );

  test('for ten minutes: no message is poison, and the delivery goes on', async () => {
    const { id } = await fixture.post();
    fixture.store.fault = () => 'before';
    fixture.startWorker();
    await fixture.clock.pass(600_000);
    fixture.store.fault = () => undefined;
    await fixture.untilIs('delivered', id);
    expect(fixture.poison.messages.size).toBe(0);
  });

  test.each([3, 10, 60])(
    'for %d minutes, the queue too, for us and not for the host: no delivery that was not tried is a dead letter',
    async (minutes) => {
      const { id } = await fixture.post();
      fixture.store.fault = () => 'before';
      fixture.queue.fault = () => 'before';
      fixture.startWorker();
      await fixture.clock.pass(minutes * 60_000);
      fixture.store.fault = () => undefined;
      fixture.queue.fault = () => undefined;
      await fixture.clock.pass(HOUR);
      expect(await fixture.ask(id)).toMatchObject({ status: 'delivered', attempts: 1 });
      expect(fixture.reports).toEqual([]);
    },
  );
});

describe('a write of which only the answer is lost, so that the library repeats it and is refused', () => {
  beforeEach(() => {
    const write = fixture.store.write.bind(fixture.store);
    fixture.store.write = async (name, text, condition) => {
      const first = await write(name, text, condition);
      return text.includes('"end"') ? write(name, text, condition) : first;
    };
  });

  test('does not swallow the alarm of a dead letter', async () => {
    fixture.receive = () => ({ kind: 'gone', status: 410, reason: 'No more.' });
    fixture.startWorker();
    const { id } = await fixture.post();
    await fixture.untilIs('dead-lettered', id);
    await fixture.clock.pass(HOUR);
    expect(fixture.reports).toHaveLength(1);
    expect(blobs(fixture.places.dead)).toHaveLength(1);
  });

  test('leaves no body of what was delivered', async () => {
    fixture.startWorker();
    const { id } = await fixture.post({ text: LARGE });
    await fixture.untilIs('delivered', id);
    await fixture.clock.pass(HOUR);
    expect(blobs(fixture.places.bodies)).toEqual([]);
    expect(fixture.reports).toEqual([]);
  });
});

test('a delivery of a later version of the app is left to that version, and its message with it', async () => {
  const { id } = await fixture.post();
  const name = fixture.places.state(id);
  const { text, ...rest } = fixture.store.blobs.get(name) ?? { text: '', etag: '', lastModifiedMs: 0 };
  fixture.store.blobs.set(name, { ...rest, text: text.replace(/"version":\d/, '"version":99') });
  fixture.startWorker();
  await fixture.clock.pass(HOUR);
  await expect(fixture.ask(id)).rejects.toMatchObject({ status: 503 });
  await expect(fixture.clock.until(fixture.open().redeliver(id))).rejects.toMatchObject({ status: 503 });
  fixture.store.blobs.set(name, { ...rest, text });
  await fixture.clock.pass(60_000);
  expect(await fixture.ask(id)).toMatchObject({ status: 'delivered', attempts: 1 });
});

describe('a delivery whose message was given up', () => {
  test('by a worker that died before it could say so: the next one says it', async () => {
    fixture.receive = () => new Promise(() => {}); // its worker dies at it
    const { id } = await fixture.post();
    void fixture.open().work({ id, generation: 0 });
    await fixture.clock.pass(1_000);
    const dying = fixture.open();
    const write = fixture.store.write.bind(fixture.store);
    fixture.store.write = async (name, text, condition) => {
      await write(name, text, condition);
      return new Promise(() => {});
    };
    void dying.giveUp({ id, generation: 0 });
    await fixture.clock.pass(1_000);
    fixture.store.write = write;
    expect(await fixture.ask(id)).toMatchObject({ status: 'dead-lettered' });
    expect(fixture.reports).toEqual([]);
    await fixture.clock.until(fixture.open().giveUp({ id, generation: 0 }));
    expect(fixture.reports).toHaveLength(1);
  });

  test('though it was delivered is not marked as a dead letter', async () => {
    fixture.startWorker();
    const { id } = await fixture.post();
    await fixture.untilIs('delivered', id);
    await fixture.clock.until(fixture.open().giveUp({ id, generation: 0 }));
    expect(await fixture.clock.until(fixture.open().dead())).toEqual({ ids: [], hasMore: false });
  });
});

describe('a dead letter of which what was to be sent is not there', () => {
  const order = { id: 'b'.repeat(32), destination: 'siem' };

  test('since it is gone: the alarm does not promise that it can be sent again, and it cannot', async () => {
    const { id } = await fixture.post({ text: LARGE });
    for (const name of blobs(fixture.places.bodies)) fixture.store.blobs.delete(name);
    fixture.startWorker();
    await fixture.untilIs('dead-lettered', id);
    const { clock } = fixture;
    await clock.until(fixture.open().deadLetter(order, undefined, 'The payload is gone.'));
    expect(fixture.reports).toHaveLength(2);
    expect(JSON.stringify(fixture.reports)).not.toContain('redeliver');
    for (const dead of [id, order.id]) {
      await expect(clock.until(fixture.open().redeliver(dead))).rejects.toMatchObject({
        kind: 'delivery-not-dead',
        message: expect.stringContaining('Post the alerts again.'),
      });
      // To be refused changes nothing.
      expect(await fixture.ask(dead)).toMatchObject({ status: 'dead-lettered' });
    }
  });

  test('since it could not be made: the alarm says that the alerts as posted can be sent', async () => {
    await fixture.clock.until(fixture.open().deadLetter(order, '{"posted":1}', 'It could not be enriched.'));
    expect(fixture.reports[0]?.detail).toContain('as they were posted');
    fixture.startWorker();
    await fixture.clock.until(fixture.open().redeliver(order.id));
    await fixture.untilIs('delivered', order.id);
    expect(fixture.arrivals.map(({ body }) => body)).toEqual(['{"posted":1}']);
  });
});

describe('what could not be enriched', () => {
  const order = { id: 'b'.repeat(32), destination: 'siem' };
  const bury = () =>
    fixture.clock.until(fixture.open().deadLetter(order, '{"posted":1}', 'It killed a worker.'));

  test('though a delivery was made of it before, by a worker that died right behind that: it is sent', async () => {
    await fixture.clock.until(fixture.open().accept(order, payload('{"n":1}')));
    fixture.queue.messages.clear();
    await bury();
    fixture.startWorker();
    await fixture.untilIs('delivered', order.id);
    await bury();
    expect(await fixture.ask(order.id)).toMatchObject({ status: 'delivered' });
    expect(fixture.reports).toEqual([]);
  });

  test('is a dead letter from the start, and is announced again by whoever repeats it', async () => {
    await bury();
    await bury();
    fixture.startWorker();
    await fixture.clock.pass(HOUR);
    expect(await fixture.ask(order.id)).toMatchObject({ status: 'dead-lettered', attempts: 0 });
    expect(await fixture.clock.until(fixture.open().dead())).toEqual({ ids: [order.id], hasMore: false });
    expect(fixture.reports).toHaveLength(2);
    expect(fixture.arrivals).toEqual([]);
  });
});

describe('what is kept', () => {
  test('a delivery for a week after it was delivered, a dead letter for thirty days, what is queued for good', async () => {
    fixture.startWorker();
    const delivered = await fixture.post();
    await fixture.untilIs('delivered', delivered.id);
    fixture.receive = () => ({ kind: 'gone', status: 410, reason: 'No more.' });
    const dead = await fixture.post();
    await fixture.untilIs('dead-lettered', dead.id);
    await fixture.close();
    const waiting = await fixture.post();

    await fixture.clock.pass(6 * DAY);
    expect(await sweepAll()).toMatchObject({ deleted: 0, finished: true });
    await fixture.clock.pass(2 * DAY);
    await sweepAll();
    await expect(fixture.ask(delivered.id)).rejects.toMatchObject({ kind: 'delivery-unknown', status: 404 });
    await fixture.ask(dead.id);
    await fixture.clock.pass(23 * DAY);
    await sweepAll();
    await expect(fixture.ask(dead.id)).rejects.toMatchObject({ status: 404 });
    expect(blobs(fixture.places.dead)).toEqual([]);
    expect(await fixture.ask(waiting.id)).toMatchObject({ status: 'queued' });
    const same = { prefix: fixture.places.same, containing: '', olderThanMs: HOUR };
    await fixture.clock.until(sweep(fixture.store, fixture.clock, [same], 60_000));
    expect(blobs('').sort()).toEqual([fixture.places.state(waiting.id)]);
  });

  test('the sweep comes to what is queued, however many dead letters there are before it', async () => {
    fixture.receive = () => ({ kind: 'gone', status: 410, reason: 'No more.' });
    fixture.startWorker();
    for (let n = 0; n < 100; n++) await fixture.post();
    await fixture.clock.pass(HOUR);
    await fixture.close();
    const { store, queue, clock } = fixture;
    const { id } = await fixture.post();
    queue.messages.clear();
    await fixture.clock.pass(2 * DAY);
    const read = store.read.bind(store);
    store.read = async (name) => {
      await clock.sleep(20);
      return read(name);
    };
    // Time for two batches of reading, and there are seven.
    const swept = await clock.until(fixture.open().sweep(50));
    store.read = read;
    expect(swept).toMatchObject({ deleted: 0, finished: true });
    fixture.receive = () => OK;
    fixture.startWorker();
    await fixture.clock.pass(HOUR);
    expect(await fixture.ask(id)).toMatchObject({ status: 'delivered' });
  });

  test('a dead letter that is sent again while it is being swept keeps its body', async () => {
    fixture.receive = () => ({ kind: 'gone', status: 410, reason: 'No more.' });
    fixture.startWorker();
    const { id } = await fixture.post({ text: LARGE });
    await fixture.untilIs('dead-lettered', id);
    await fixture.clock.pass(31 * DAY);
    const erase = fixture.store.delete.bind(fixture.store);
    fixture.store.delete = async (name, etag) => {
      fixture.store.delete = erase;
      await fixture.open().redeliver(id);
      await erase(name, etag);
    };
    fixture.receive = () => OK;
    await sweepAll();
    await fixture.clock.pass(HOUR);
    expect(await fixture.ask(id)).toMatchObject({ status: 'delivered' });
  });

  test('the sweep sends a message for what is queued and long overdue, and sees to what a crash has left', async () => {
    const { id } = await fixture.post();
    fixture.queue.messages.clear();
    fixture.store.blobs.set(`${fixture.places.bodies}${'f'.repeat(32)}`, {
      text: '{}',
      etag: '"x"',
      lastModifiedMs: 0,
    });
    await fixture.clock.pass(2 * DAY);
    expect(await sweepAll()).toMatchObject({ deleted: 1 });
    fixture.startWorker();
    await fixture.untilIs('delivered', id);
  });
});

describe('a dead letter', () => {
  beforeEach(() => {
    fixture.receive = () => ({ kind: 'gone', status: 410, reason: 'No more.' });
  });

  test('whose worker was killed before it could say so is announced when its message comes again', async () => {
    const { id } = await fixture.post();
    let isWritten = false;
    const write = fixture.store.write.bind(fixture.store);
    fixture.store.write = async (name, text, condition) => {
      if (isWritten) return new Promise<never>(() => {});
      isWritten = text.includes('"end"');
      return write(name, text, condition);
    };
    void fixture.open().work({ id, generation: 0 });
    await fixture.clock.pass(1_000);
    fixture.store.write = write;
    expect(await fixture.ask(id)).toMatchObject({ status: 'dead-lettered' });
    expect(fixture.reports).toEqual([]);
    fixture.startWorker();
    await fixture.clock.pass(HOUR);
    expect(fixture.reports).toEqual([
      { event: 'delivery-dead-lettered', detail: expect.stringContaining(id) },
    ]);
    expect(blobs(fixture.places.dead)).toHaveLength(1);
  });

  test('that is sent again is counted no more', async () => {
    fixture.startWorker();
    const { id } = await fixture.post();
    await fixture.untilIs('dead-lettered', id);
    expect((await fixture.clock.until(fixture.open().dead())).ids).toEqual([id]);
    fixture.receive = () => OK;
    await fixture.clock.until(fixture.open().redeliver(id));
    expect((await fixture.clock.until(fixture.open().dead())).ids).toEqual([]);
  });

  test.each([
    ['small', '{}'],
    ['large', LARGE],
  ])(
    'that is sent again on its last day and dies once more stays for 30 days more (%s)',
    async (_size, text) => {
      fixture.startWorker();
      const { id } = await fixture.post({ text });
      await fixture.untilIs('dead-lettered', id);
      await fixture.close();
      await fixture.clock.pass(30 * DAY - HOUR);
      await fixture.clock.until(fixture.open().redeliver(id));
      fixture.startWorker();
      await fixture.untilIs('dead-lettered', id);
      await fixture.close();
      for (let days = 0; days < 29; days++) {
        await fixture.clock.pass(DAY);
        await sweepAll();
      }
      fixture.receive = () => OK;
      await fixture.clock.until(fixture.open().redeliver(id));
      fixture.startWorker();
      await fixture.untilIs('delivered', id);
    },
  );
});

describe('equal posts of which one overtakes the other between body and state', () => {
  const post = { destination: 'siem', text: LARGE, query: '', dedupe: undefined, traceparent: undefined };

  test.each([
    ['the same', LARGE],
    ['another', LARGE.replace('padding', 'another')], // such as IPs that are a minute older
  ])(
    'with %s body: there is one delivery, it arrives whole, and nothing is left of the other',
    async (_which, text) => {
      const [first, second] = [fixture.open(), fixture.open()];
      const { clock, store } = fixture;
      const [one, two] = await clock.until(Promise.all([first.reserve(post), second.reserve(post)]));
      const write = store.write.bind(store);
      store.write = async (name, state, condition) => {
        if (name !== fixture.places.state(one.id)) return write(name, state, condition);
        store.write = write;
        await second.accept(two, payload(text));
        return write(name, state, condition);
      };
      const receipt = await clock.until(first.accept(one, payload(LARGE)));
      expect(receipt).toEqual({ id: two.id, destination: 'siem', status: 'queued' });
      fixture.startWorker();
      await fixture.untilIs('delivered', receipt.id);
      expect(fixture.arrivals.map(({ body }) => body.includes(text))).toEqual([true]);
      expect(fixture.reports).toEqual([]);
      expect(blobs(fixture.places.bodies)).toEqual([]);
    },
  );

  test('until the other has been delivered: nothing is left of a body that comes after that', async () => {
    const [first, second] = [fixture.open(), fixture.open()];
    const { clock, store, places } = fixture;
    const [one, two] = await clock.until(Promise.all([first.reserve(post), second.reserve(post)]));
    const write = store.write.bind(store);
    store.write = async (name, body, condition) => {
      if (name.startsWith(places.bodies)) {
        store.write = write;
        await second.accept(two, payload(LARGE));
        await second.work({ id: two.id, generation: 0 });
      }
      return write(name, body, condition);
    };
    expect(await clock.until(first.accept(one, payload(LARGE)))).toMatchObject({ status: 'delivered' });
    expect(fixture.arrivals).toHaveLength(1);
    expect(blobs(places.bodies)).toEqual([]);
  });
});

describe('the marks of dead letters', () => {
  beforeEach(async () => {
    fixture.receive = () => ({ kind: 'gone', status: 410, reason: 'No more.' });
    fixture.startWorker();
  });
  const dead = async () => {
    const { id } = await fixture.post();
    await fixture.untilIs('dead-lettered', id);
    await fixture.close();
    return id;
  };

  test('one that was lost is made up for by the sweep, also after a week without any, and the dead letter stays', async () => {
    const id = await dead();
    for (const name of blobs(fixture.places.dead)) fixture.store.blobs.delete(name);
    await fixture.clock.pass(8 * DAY);
    await sweepAll();
    expect(await fixture.ask(id)).toMatchObject({ status: 'dead-lettered' });
    expect((await fixture.clock.until(fixture.open().dead())).ids).toEqual([id]);
  });

  test('one that stayed though its delivery was sent again hides no lost message, and goes', async () => {
    const id = await dead();
    await fixture.clock.pass(HOUR);
    fixture.store.fault = (operation) => (operation === 'list' ? 'before' : undefined);
    await expect(fixture.clock.until(fixture.open().redeliver(id))).rejects.toMatchObject({ status: 503 });
    fixture.store.fault = () => undefined;
    fixture.queue.messages.clear();
    await fixture.clock.pass(2 * DAY);
    await sweepAll();
    expect(blobs(fixture.places.dead)).toEqual([]);
    fixture.receive = () => OK;
    fixture.startWorker();
    await fixture.untilIs('delivered', id);
  });
});

describe('what a delivery costs of the storage account', () => {
  const requests = () => {
    const { read, write, refused, delete: deleted, list } = fixture.store.operations;
    return read + write + refused + deleted + list + fixture.queue.sent;
  };
  /** Requests while something is done. */
  const during = async (run: () => Promise<unknown>) => {
    const before = requests();
    await run();
    return requests() - before;
  };

  test.each([
    ['small', '{}', 3, 3],
    ['large', LARGE, 4, 5],
  ])('to accept and to deliver one, %s', async (_size, text, toAccept, toDeliver) => {
    let id = '';
    const accepting = await during(async () => {
      ({ id } = await fixture.post({ text }));
    });
    expect(accepting).toBe(toAccept);
    const work = () => fixture.clock.until(fixture.open().work({ id, generation: 0 }));
    expect(await during(work)).toBe(toDeliver);
    expect(await fixture.ask(id)).toMatchObject({ status: 'delivered' });
  });

  test('while one waits for a slot: one read and one message, whatever its size', async () => {
    fixture.receive = () => new Promise(() => {});
    const instance = fixture.open();
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) ids.push((await fixture.post({ text: LARGE.replace('x', `${n}`) })).id);
    for (const id of ids.slice(0, 6)) void instance.work({ id, generation: 0 });
    await fixture.clock.pass(5_000);
    const last = ids[6] ?? '';
    let worked = '';
    const deferring = await during(async () => {
      worked = await fixture.clock.until(instance.work({ id: last, generation: 0 }));
    });
    expect({ worked, deferring }).toEqual({ worked: 'deferred', deferring: 2 });
    expect(await fixture.ask(last)).toMatchObject({ status: 'queued', attempts: 0 });
  });
});

test('code that cannot be loaded costs no attempt and no delivery of the message, and the log says what is missing', async () => {
  let loads = 0;
  fixture.receive = () => {
    if (++loads > 8) return OK;
    throw new CodeNotLoadedError('sends to destinations', Object.assign(new Error('x'), { code: 'EMFILE' }));
  };
  fixture.startWorker();
  const { id } = await fixture.post();
  expect(await fixture.untilIs('delivered', id)).toMatchObject({ attempts: 1 });
  expect(fixture.errors).toEqual([]);
  expect(fixture.reports.map(({ event }) => event)).toEqual(Array(8).fill('code-not-loaded'));
  expect(fixture.reports[0]?.detail).toMatch(/sends to destinations.*EMFILE/);
});

test('the sender loads its code again after it could not be loaded', async () => {
  let loads = 0;
  const load = async () => {
    if (++loads === 1) throw Object.assign(new Error('x'), { code: 'EIO' });
    return { createPoster: () => async () => OK };
  };
  const ownToken = () => Promise.reject(new Error('nobody asks for one'));
  const sender = {
    clock: fixture.clock,
    random: Math.random,
    emit: emitNothing,
    userAgent: 'test',
    ownToken,
  };
  const send = createSend(sender, load);
  const outgoing = { id: 'x', body: '{}', contentType: 'text/plain', traceparent: undefined };
  await expect(send(destination(), outgoing)).rejects.toBeInstanceOf(CodeNotLoadedError);
  expect(await send(destination(), outgoing)).toEqual(OK);
});
