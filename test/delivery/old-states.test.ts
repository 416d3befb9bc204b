import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  type DeliveriesFixture,
  destination,
  HOUR,
  OK,
  openDeliveriesFixture,
} from './deliveries-fixture.js';

/** Every status that version 0.1.0 wrote, with its bodies, marks, reservations and messages; never to be changed. */
const OLD: {
  readonly ids: Readonly<Record<string, string>>;
  readonly blobs: Readonly<Record<string, { readonly text: string; readonly lastModifiedMs: number }>>;
  readonly messages: readonly { readonly text: string; readonly delayMs: number }[];
} = JSON.parse(readFileSync('test/delivery/fixtures/states-0.1.0.json', 'utf8'));

const id = (name: string): string => OLD.ids[name] ?? '';
const TO_BE_DELIVERED = [
  'accepted',
  'failed-once',
  'failed-twice',
  'spared',
  'claimed',
  'message-ahead',
  'claim-given-back',
  'sent-again',
];

let fixture: DeliveriesFixture;
beforeEach(() => {
  fixture = openDeliveriesFixture();
  fixture.destinations = [destination('siem'), destination('soc')];
  let etags = 0;
  for (const [name, blob] of Object.entries(OLD.blobs)) {
    fixture.store.blobs.set(name, { ...blob, etag: `"old-${++etags}"` });
  }
  for (const { text, delayMs } of OLD.messages) fixture.queue.put(text, delayMs);
});
afterEach(() => fixture.close());

test('deliveries that version 0.1.0 began are finished, each under its id and with its own body', async () => {
  fixture.receive = () => OK;
  fixture.startWorker();
  for (const name of TO_BE_DELIVERED) await fixture.untilIs('delivered', id(name));
  await fixture.clock.pass(HOUR);
  const arrived = fixture.arrivals.map(({ id: of, body }) => `${of} ${JSON.parse(body).alert.alert}`);
  expect(arrived.sort()).toEqual(TO_BE_DELIVERED.map((name) => `${id(name)} ${name}`).sort());
  expect(await fixture.ask(id('delivered'))).toMatchObject({ status: 'delivered', attempts: 1 });
  expect(fixture.queue.messages.size).toBe(0);
  expect(fixture.reports).toEqual([]);
  expect(fixture.errors).toEqual([]);
});

test('dead letters of version 0.1.0 are counted, and sent again when somebody asks for it', async () => {
  const { ids } = await fixture.clock.until(fixture.open().dead());
  const dead = ['dead', 'dead-on-soc', 'dead-without-body', 'dead-as-posted'].map(id);
  expect([...ids].sort()).toEqual(dead.sort());
  fixture.startWorker();
  for (const name of ['dead', 'dead-as-posted']) {
    await fixture.clock.until(fixture.open().redeliver(id(name)));
    await fixture.untilIs('delivered', id(name));
  }
  await expect(fixture.clock.until(fixture.open().redeliver(id('dead-without-body')))).rejects.toMatchObject({
    kind: 'delivery-not-dead',
  });
  const left = await fixture.clock.until(fixture.open().dead());
  expect([...left.ids].sort()).toEqual(['dead-on-soc', 'dead-without-body'].map(id).sort());
});

test('a post that version 0.1.0 has reserved an id for gets that id', async () => {
  const post = { destination: 'siem', text: 'x', query: '', dedupe: 'incident-1', traceparent: undefined };
  const reservation = await fixture.clock.until(fixture.open().reserve(post));
  expect(reservation.id).toBe(id('reserved'));
});
