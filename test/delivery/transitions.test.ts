import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DELIVERY_TEXT, type Delivery } from '../../shared/delivery/delivery.js';
import type { Sent } from '../../shared/delivery/sending.js';
import {
  abandon,
  bury,
  claim,
  mayLackMessage,
  newDelivery,
  revive,
  settle,
  verdictOn,
} from '../../shared/delivery/transitions.js';
import { viewDelivery } from '../../shared/delivery/view.js';
import { DOWN, HOUR, OK, SCHEDULE_MS } from './deliveries-fixture.js';

const NOW = Date.UTC(2026, 10, 23, 18);
const fresh = newDelivery({ id: 'a'.repeat(32), destination: 'siem', contentType: 'text/plain' }, 0, NOW);
const TIMEOUT_MS = 15_000;

function claimed(delivery: Delivery, by = 'one', nowMs = NOW): Delivery {
  const verdict = claim(delivery, delivery.generation, by, TIMEOUT_MS, nowMs);
  if (verdict.kind !== 'work') throw new Error(verdict.kind);
  return verdict.delivery;
}

/** An attempt from its claim to its end. */
function attempt(delivery: Delivery, sent: Sent, nowMs = NOW): Delivery {
  const verdict = verdictOn(delivery, sent, SCHEDULE_MS, 0, nowMs);
  const settled = settle(claimed(delivery, 'one', nowMs), 'one', verdict, nowMs);
  if (!settled) throw new Error('the claim was lost');
  return settled;
}

describe('a message', () => {
  test('claims its attempt, once, until well after the receiver’s time-out', () => {
    const delivery = claimed(fresh);
    const untilMs = delivery.claim?.untilMs ?? 0;
    expect(untilMs).toBeGreaterThan(NOW + 4 * TIMEOUT_MS);
    expect(claim(delivery, 0, 'other', TIMEOUT_MS, untilMs - 1)).toEqual({
      kind: 'look-again',
      atMs: untilMs,
    });
    expect(claim(delivery, 0, 'one', TIMEOUT_MS, NOW + 1).kind).toBe('work');
    expect(claim(delivery, 0, 'other', TIMEOUT_MS, untilMs).kind).toBe('work');
  });

  test('of an earlier attempt, or of a delivery that has ended, does nothing; of a later one it works', () => {
    const second = attempt(fresh, DOWN);
    expect(second.generation).toBe(1);
    expect(claim(second, 0, 'one', TIMEOUT_MS, NOW)).toEqual({ kind: 'drop' });
    expect(claim(attempt(fresh, OK), 0, 'one', TIMEOUT_MS, NOW)).toEqual({ kind: 'drop' });
    expect(claim(fresh, 1, 'one', TIMEOUT_MS, NOW)).toMatchObject({
      kind: 'work',
      delivery: { generation: 1 },
    });
  });

  test('that is given up in the middle is free for the next one at once', () => {
    const given = abandon(claimed(fresh), 'one') as Delivery;
    expect(claim(given, 0, 'other', TIMEOUT_MS, NOW).kind).toBe('work');
    expect(abandon(claimed(fresh), 'other')).toBeUndefined();
  });
});

describe('an attempt', () => {
  test('that was delivered ends it, whoever holds the claim by then', () => {
    const other = claimed(fresh, 'other');
    const settled = settle(other, 'one', { kind: 'delivered', status: 200 }, NOW);
    expect(settled).toMatchObject({ attempts: 1, end: { kind: 'delivered', status: 200, atMs: NOW } });
    expect(settled?.claim).toBeUndefined();
    expect(settle(other, 'one', { kind: 'again', waitMs: 1 }, NOW)).toBeUndefined();
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

  test('that was spared uses nothing up, until the whole schedule and an hour are over', () => {
    const spared: Sent = { kind: 'spared', retryAfterMs: 60_000 };
    let delivery = attempt(fresh, spared);
    expect(delivery).toMatchObject({
      attempts: 0,
      generation: 1,
      nextAtMs: NOW + 60_000,
      run: { failed: 0 },
    });
    for (let minutes = 1; minutes < 31 * 60; minutes++) delivery = attempt(delivery, spared);
    expect(delivery.end).toBeUndefined();
    for (let minutes = 0; minutes < 60 && !delivery.end; minutes++) delivery = attempt(delivery, spared);
    expect(delivery.end?.kind).toBe('dead-lettered');
  });

  test('that was spared is not given up for the time in which nobody worked', () => {
    const spared: Sent = { kind: 'spared', retryAfterMs: 60_000 };
    expect(attempt(fresh, spared, NOW + 100 * HOUR).end).toBeUndefined();
    expect(attempt(attempt(fresh, spared), spared, NOW + 100 * HOUR).end).toBeUndefined();
  });
});

describe('a dead letter', () => {
  const dead = bury(fresh, 0, 'It was so.', NOW) as Delivery;

  test('begins its schedule anew, and nothing else does', () => {
    const alive = revive(dead, NOW + HOUR) as Delivery;
    expect(alive).toMatchObject({
      generation: 1,
      nextAtMs: NOW + HOUR,
      run: { failed: 0, generation: 1 },
    });
    expect(viewDelivery(alive)).toMatchObject({ id: fresh.id, status: 'queued' });
    expect(mayLackMessage(alive, NOW + HOUR)).toBe(true);
    expect(revive(alive, NOW)).toBeUndefined();
    expect(revive(attempt(fresh, OK), NOW)).toBeUndefined();
  });

  test('is not made by an old message, nor of what has ended', () => {
    expect(bury(attempt(fresh, DOWN), 0, '', NOW)).toBeUndefined();
    expect(bury(attempt(fresh, OK), 9, '', NOW)).toBeUndefined();
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

test('whatever happens to it: it ends once, its generation never falls, and it is read as it was written', () => {
  const sent = fc.oneof<fc.Arbitrary<Sent>[]>(
    fc.constant(OK),
    fc.constant(DOWN),
    fc.record({ kind: fc.constant('failed'), reason: fc.string(), retryAfterMs: fc.nat(1e9) }),
    fc.record({ kind: fc.constant('spared'), retryAfterMs: fc.nat(1e9) }),
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
        const verdict = claim(delivery, delivery.generation, 'one', TIMEOUT_MS, nowMs);
        if (delivery.end) {
          expect(verdict.kind).toBe('drop');
          continue;
        }
        if (verdict.kind !== 'work') throw new Error(verdict.kind);
        const next = settle(
          verdict.delivery,
          'one',
          verdictOn(verdict.delivery, became, SCHEDULE_MS, random, nowMs),
          nowMs,
        ) as Delivery;
        expect(next.generation).toBe(next.end ? delivery.generation : delivery.generation + 1);
        if (!next.end) expect(next.nextAtMs).toBeGreaterThanOrEqual(nowMs);
        expect(next.run.failed).toBeLessThanOrEqual(SCHEDULE_MS.length);
        expect(DELIVERY_TEXT.read(DELIVERY_TEXT.write(next))).toEqual(next);
        delivery = next;
      }
    }),
  );
  for (const none of ['', '{}', '{"version":2,"id":"x","run":{}}', 'null']) {
    expect(DELIVERY_TEXT.read(none)).toBeUndefined();
  }
});
