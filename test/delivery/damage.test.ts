import { describe, expect, test } from '@jest/globals';
import { DOWN, HOUR, LARGE, OK, openDeliveriesFixture } from './deliveries-fixture.js';

const DAY = 24 * HOUR;

/** What somebody can do to a blob; undefined: it is deleted. */
const DAMAGES: Readonly<Record<string, (text: string, other: string) => string | undefined>> = {
  gone: () => undefined,
  empty: () => '',
  cut: (text) => text.slice(0, text.length / 2),
  'an empty object': () => '{}',
  'five megabytes': () => 'x'.repeat(5_000_000),
  'replaced by that of another delivery': (_text, other) => other,
};

/** An instance accepts a post, fails at it once and delivers it; before its n-th step a blob is damaged. */
async function damagedAt(nth: number, folder: 'states' | 'bodies' | 'dead' | 'same', damage: string) {
  const fixture = openDeliveriesFixture();
  fixture.receive = (_outgoing, _to, arrival) => (arrival === 1 ? DOWN : OK);
  // Another delivery, of which there is one blob of each kind.
  const other = await fixture.post({ text: LARGE.replace('padding', 'another') });
  await fixture.clock.until(
    fixture.open().deadLetter({ id: 'b'.repeat(32), destination: 'siem' }, '{}', 'It was so.'),
  );
  fixture.reports.length = 0;
  const others = new Map([...fixture.store.blobs].map(([name, { text }]) => [name, text]));
  fixture.queue.messages.clear();
  let steps = 0;
  const step = async () => {
    if (++steps !== nth) return;
    for (const [name, blob] of fixture.store.blobs) {
      if (!name.startsWith(fixture.places[folder]) || others.has(name)) continue;
      const [, otherText = ''] = [...others].find(([of]) => of.startsWith(fixture.places[folder])) ?? [];
      const text = DAMAGES[damage]?.(blob.text, otherText);
      if (text === undefined) fixture.store.blobs.delete(name);
      else fixture.store.blobs.set(name, { ...blob, text, etag: `"damaged-${nth}"` });
    }
  };
  const victim = fixture.open(step);
  const accepting = fixture.accept(victim, { text: LARGE });
  fixture.startWorker(victim);
  const { id } = await fixture.clock.until(accepting);
  await fixture.clock.pass(120_000);
  await fixture.close(); // the host would look for messages all day long
  for (let days = 0; days < 2; days++) {
    await fixture.clock.pass(DAY);
    await fixture.clock.until(fixture.open().sweep(60_000));
  }
  fixture.startWorker();
  await fixture.clock.pass(120_000);
  return { fixture, id, other, isOver: steps < nth };
}

describe.each(['states', 'bodies', 'same'] as const)('a blob in %s', (folder) => {
  test.each(Object.keys(DAMAGES))(
    'that is %s between any two steps: what was accepted arrives as it was accepted, or is a dead letter with an alarm',
    async (damage) => {
      let saved = 0;
      for (let nth = 1; ; nth++) {
        const { fixture, id, isOver } = await damagedAt(nth, folder, damage);
        const bodies = fixture.arrivals.filter((one) => one.id === id).map(({ body }) => body);
        for (const body of bodies)
          expect({ nth, isRight: body.includes('padding') }).toEqual({ nth, isRight: true });
        const status = await fixture.ask(id).then(
          (view) => view.status,
          () => 'unknown',
        );
        const alarms = fixture.reports.filter(({ detail }) => detail.includes(id)).map(({ event }) => event);
        if (status === 'dead-lettered') {
          expect(alarms).toContain('delivery-dead-lettered');
          expect((await fixture.clock.until(fixture.open().dead())).ids).toContain(id);
          saved++;
        } else {
          // A second attempt was made, which the receiver took.
          expect({ nth, status, attempts: bodies.length >= 2 }).toMatchObject({ nth, attempts: true });
          expect(['delivered', 'unknown']).toContain(status);
        }
        expect(fixture.errors).toEqual([]);
        expect(fixture.queue.messages.size).toBe(0);
        await fixture.close();
        if (isOver) break;
      }
      // A reservation is no part of what was accepted.
      expect(saved > 0).toBe(folder !== 'same');
    },
  );
});

test('a damaged state is set aside as it was, and the alarm names the place', async () => {
  const fixture = openDeliveriesFixture();
  const { id } = await fixture.post();
  const name = fixture.places.state(id);
  const blob = fixture.store.blobs.get(name);
  if (blob) fixture.store.blobs.set(name, { ...blob, text: 'garbage' });
  fixture.startWorker();
  expect(await fixture.untilIs('dead-lettered', id)).toMatchObject({
    reason: expect.stringContaining('Post'),
  });
  const aside = [...fixture.store.blobs].filter(([each]) => each.startsWith(fixture.places.setAside));
  expect(aside.map(([, { text }]) => text)).toEqual(['garbage']);
  const alarm = fixture.reports.find(({ event }) => event === 'delivery-state-lost');
  expect(alarm?.detail).toContain(aside[0]?.[0]);
  await expect(fixture.clock.until(fixture.open().redeliver(id))).rejects.toMatchObject({ status: 409 });
  await fixture.close();
});

test('a body that somebody has replaced is neither sent nor signed', async () => {
  const fixture = openDeliveriesFixture();
  const { id } = await fixture.post({ text: LARGE });
  for (const [name, blob] of fixture.store.blobs) {
    if (name.startsWith(fixture.places.bodies)) {
      fixture.store.blobs.set(name, { ...blob, text: blob.text.replace('xxx', 'yyy') });
    }
  }
  fixture.startWorker();
  await fixture.untilIs('dead-lettered', id);
  expect(fixture.arrivals).toEqual([]);
  await fixture.close();
});

test.each(['garbage', undefined])(
  'a state that is damaged while the receiver takes the alert: it counts as delivered, since this process knows all of it (%s)',
  async (text) => {
    const fixture = openDeliveriesFixture();
    const { id } = await fixture.post();
    fixture.receive = () => {
      const name = fixture.places.state(id);
      const blob = fixture.store.blobs.get(name);
      if (blob && text) fixture.store.blobs.set(name, { ...blob, text, etag: '"damaged"' });
      else fixture.store.blobs.delete(name);
      return OK;
    };
    fixture.startWorker();
    expect(await fixture.untilIs('delivered', id)).toMatchObject({ attempts: 1, destination: 'siem' });
    expect(fixture.reports.map(({ event }) => event)).toEqual(['delivery-state-lost']);
    await fixture.close();
  },
);
