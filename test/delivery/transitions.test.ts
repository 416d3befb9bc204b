import { describe, expect, test } from '@jest/globals';
import { viewDelivery } from '../../shared/delivery/deliveries.js';
import { DELIVERY_STATE, type Delivery } from '../../shared/delivery/delivery.js';
import { type Attempt, childTraceparent } from '../../shared/delivery/send.js';
import {
  deadLetter,
  mayLackMessage,
  newDelivery,
  redrive,
  settle,
  verdictOn,
  waitBefore,
} from '../../shared/delivery/transitions.js';
import { claim as claimItem, releaseClaim } from '../../shared/queue-work/work-item.js';
import fc from '../support/properties.js';
import { DOWN, HOUR, OK, SCHEDULE_MS } from './deliveries-fixture.js';

const NOW = Date.UTC(2026, 10, 23, 18);
const fresh = newDelivery({ id: 'a'.repeat(32), destination: 'siem', contentType: 'text/plain' }, 0, NOW);
const LEASE_MS = 90_000;

/** Claims a delivery by a message of this generation. */
function claim(delivery: Delivery, generation: number, by: string, nowMs: number) {
  return claimItem(delivery, { id: delivery.id, generation }, by, LEASE_MS, nowMs);
}

function claimed(delivery: Delivery, by = 'one', nowMs = NOW): Delivery {
  const verdict = claim(delivery, delivery.generation, by, nowMs);
  if (verdict.kind !== 'work') throw new Error(verdict.kind);
  return verdict.item;
}

/** An attempt from its claim to its end. */
function attempt(delivery: Delivery, sent: Attempt, nowMs = NOW): Delivery {
  const verdict = verdictOn(delivery, sent, SCHEDULE_MS, 0, nowMs);
  const settled = settle(claimed(delivery, 'one', nowMs), 'one', verdict, nowMs);
  if (!settled) throw new Error('the claim was lost');
  return settled;
}

describe('a message', () => {
  test('claims its attempt, once, until its lease has run out', () => {
    const delivery = claimed(fresh);
    const untilMs = delivery.claim?.untilMs ?? 0;
    expect(untilMs).toBe(NOW + LEASE_MS);
    expect(claim(delivery, 0, 'other', untilMs - 1)).toEqual({
      kind: 'retry-later',
      atMs: untilMs,
    });
    expect(claim(delivery, 0, 'one', NOW + 1).kind).toBe('work');
    expect(claim(delivery, 0, 'other', untilMs).kind).toBe('work');
  });

  test('of an earlier attempt, or of a delivery that has ended, does nothing; of a later one it works', () => {
    const second = attempt(fresh, DOWN);
    expect(second.generation).toBe(1);
    expect(claim(second, 0, 'one', NOW)).toEqual({ kind: 'drop' });
    expect(claim(attempt(fresh, OK), 0, 'one', NOW)).toEqual({ kind: 'drop' });
    expect(claim(fresh, 1, 'one', NOW)).toMatchObject({
      kind: 'work',
      item: { generation: 1 },
    });
  });

  test('that is given up in the middle is free for the next one at once', () => {
    const given = releaseClaim(claimed(fresh), 'one') as Delivery;
    expect(claim(given, 0, 'other', NOW).kind).toBe('work');
    expect(releaseClaim(claimed(fresh), 'other')).toBeUndefined();
  });
});

describe('an attempt', () => {
  test('that was delivered ends it, whoever holds the claim by then', () => {
    const other = claimed(fresh, 'other');
    const settled = settle(other, 'one', { kind: 'delivered', status: 200 }, NOW);
    expect(settled).toMatchObject({ attempts: 1, end: { kind: 'delivered', status: 200, atMs: NOW } });
    expect(settled?.claim).toBeUndefined();
    expect(
      settle(other, 'one', { kind: 'again', waitMs: 1, attempt: { atMs: NOW, reason: 'It was so.' } }, NOW),
    ).toBeUndefined();
  });

  test('that failed is made again by the schedule until that is spent', () => {
    let delivery = fresh;
    for (const wait of SCHEDULE_MS.slice(1)) {
      delivery = attempt(delivery, DOWN);
      expect(delivery.nextAtMs).toBe(NOW + wait);
      expect(viewDelivery(delivery)).toMatchObject({
        status: 'queued',
        lastStatus: 503,
        nextAttempt: new Date(NOW + wait).toISOString(),
      });
    }
    delivery = attempt(delivery, DOWN);
    expect(viewDelivery(delivery)).toMatchObject({ status: 'dead-lettered', attempts: SCHEDULE_MS.length });
    expect(delivery.end).toMatchObject({ reason: expect.stringContaining('It answered 503.') });
  });

  test('that was answered 410 is the last one', () => {
    const gone = attempt(fresh, { kind: 'gone', status: 410, reason: 'It wants no more.' });
    expect(viewDelivery(gone)).toMatchObject({ status: 'dead-lettered', attempts: 1, lastStatus: 410 });
  });
});

describe('a dead letter', () => {
  const dead = deadLetter(fresh, { generation: 0 }, 'It was so.', NOW) as Delivery;

  test('begins its schedule anew, and nothing else does', () => {
    const alive = redrive(dead, NOW + HOUR) as Delivery;
    expect(alive).toMatchObject({
      generation: 1,
      nextAtMs: NOW + HOUR,
      run: { failed: 0, generation: 1 },
    });
    expect(viewDelivery(alive)).toMatchObject({ id: fresh.id, status: 'queued' });
    expect(mayLackMessage(alive, NOW + HOUR)).toBe(true);
    expect(redrive(alive, NOW)).toBeUndefined();
    expect(redrive(attempt(fresh, OK), NOW)).toBeUndefined();
  });

  test('is not made by an old message, nor of what has ended', () => {
    expect(deadLetter(attempt(fresh, DOWN), { generation: 0 }, '', NOW)).toBeUndefined();
    expect(deadLetter(attempt(fresh, OK), { generation: 9 }, '', NOW)).toBeUndefined();
  });
});

test('a message may be lacking before the first attempt, and a quarter of an hour after one was due', () => {
  expect(mayLackMessage(fresh, NOW)).toBe(true);
  expect(mayLackMessage(claimed(fresh), NOW)).toBe(false);
  const waiting = attempt(fresh, DOWN);
  expect(mayLackMessage(waiting, waiting.nextAtMs + 900_000)).toBe(false);
  expect(mayLackMessage(waiting, waiting.nextAtMs + 900_001)).toBe(true);
  expect(mayLackMessage(attempt(fresh, OK), NOW + 100 * HOUR)).toBe(false);
});

test('only what version 0.1.0 would do no harm to is written as its version: it knows no other place of a body', () => {
  const digest = { bodyDigest: 'd'.repeat(64) };
  expect(DELIVERY_STATE.versionOf(fresh)).toBe(1);
  expect(DELIVERY_STATE.versionOf({ ...fresh, ...digest })).toBe(2);
  const dead = deadLetter({ ...fresh, ...digest }, fresh, 'It was so.', NOW) as Delivery;
  expect(DELIVERY_STATE.versionOf(dead)).toBe(2);
  expect(DELIVERY_STATE.versionOf(attempt({ ...fresh, ...digest }, OK))).toBe(1);
});

test('whatever happens to it: it ends once, its generation never falls, and it is read as it was written', () => {
  const sent = fc.oneof<fc.Arbitrary<Attempt>[]>(
    fc.constant(OK),
    fc.constant(DOWN),
    fc.record({ kind: fc.constant('failed'), reason: fc.string(), retryAfterMs: fc.nat(1e9) }),
    fc.record({ kind: fc.constant('gone'), status: fc.constant(410), reason: fc.string() }),
  );
  const passes = fc.record({
    ms: fc.nat(40 * HOUR),
    sent,
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(passes, { maxLength: 30 }), (steps) => {
      let delivery = fresh;
      let nowMs = NOW;
      for (const { ms, sent: became, random } of steps) {
        nowMs += ms;
        const verdict = claim(delivery, delivery.generation, 'one', nowMs);
        if (delivery.end) {
          expect(verdict.kind).toBe('drop');
          continue;
        }
        if (verdict.kind !== 'work') throw new Error(verdict.kind);
        const next = settle(
          verdict.item,
          'one',
          verdictOn(verdict.item, became, SCHEDULE_MS, random, nowMs),
          nowMs,
        ) as Delivery;
        expect(next.generation).toBe(next.end ? delivery.generation : delivery.generation + 1);
        if (!next.end) expect(next.nextAtMs).toBeGreaterThanOrEqual(nowMs);
        expect(next.run.failed).toBeLessThanOrEqual(SCHEDULE_MS.length);
        expect(DELIVERY_STATE.read(JSON.parse(JSON.stringify(next)))).toEqual(next);
        delivery = next;
      }
    }),
  );
  for (const none of [
    {},
    { run: {} },
    { ...fresh, run: 1 },
    { ...fresh, attempts: 'x' },
    { ...fresh, end: 1 },
  ]) {
    expect(DELIVERY_STATE.read(none as never)).toBeUndefined();
  }
});

const DAY_MS = 86_400_000;
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const schedule = fc.array(fc.integer({ min: 0, max: 36_000_000 }), { minLength: 1, maxLength: 12 });

test('no attempt comes sooner than its schedule says, nor later than a tenth more', () => {
  fc.assert(
    fc.property(schedule, fc.nat(20), chance, (steps, failed, random) => {
      const waitMs = waitBefore(steps, failed, undefined, random);
      const planned = steps[failed];
      if (planned === undefined) return expect(waitMs).toBeUndefined();
      expect(waitMs).toBeGreaterThanOrEqual(planned);
      expect(waitMs).toBeLessThanOrEqual(planned * 1.1);
    }),
  );
});

test('Retry-After lengthens a wait, and never shortens one, nor makes an attempt more', () => {
  fc.assert(
    fc.property(schedule, fc.nat(20), fc.nat(DAY_MS), chance, (steps, failed, askedMs, random) => {
      const waitMs = waitBefore(steps, failed, askedMs, random);
      const planned = steps[failed];
      if (planned === undefined) return expect(waitMs).toBeUndefined();
      expect(waitMs).toBeGreaterThanOrEqual(Math.max(planned, askedMs));
      expect(waitMs).toBeLessThanOrEqual(Math.max(planned, DAY_MS) * 1.1);
    }),
  );
});

test('a trace goes on under another span id; what is no trace is none', () => {
  const given = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  fc.assert(
    fc.property(chance, (random) => {
      const next = childTraceparent(given, () => random) ?? '';
      expect(next).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
      expect(next).not.toContain('-0000000000000000-');
    }),
  );
  for (const none of [undefined, '', 'x', `${given}-more`, '01-x-y-z']) {
    expect(childTraceparent(none, Math.random)).toBeUndefined();
  }
});
