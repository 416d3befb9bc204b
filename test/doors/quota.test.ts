import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import { alertIds } from '../support/alert-ids.js';
import { FakeTimers } from '../support/fake-timers.js';
import { randomFrom } from '../support/random.js';
import { startWorld, type World } from '../support/world.js';

let time: FakeTimers;
let world: World;
beforeEach(() => {
  time = new FakeTimers();
});
afterEach(async () => {
  await time.until(world.close());
  time.end();
});

describe('the quota, seen from outside', () => {
  test('250 alerts, 100 s: 200 answered, 50 told exactly how long to wait, Defender never says 429', async () => {
    world = await startWorld({ random: randomFrom(7), defender: { latencyMs: { min: 5, max: 500 } } });
    const began = world.clock.monotonicMs();
    const { status, headers, json } = await time.until(
      world.enrich({ alertIds: alertIds(250) }, '?wait=100'),
    );
    const tookMs = world.clock.monotonicMs() - began;

    expect(status).toBe(200);
    expect(json.enrichment.status).toBe('partial');
    const { alerts } = json.enrichment;
    expect(alerts.slice(0, 200).every((alert: { status: string }) => alert.status === 'found')).toBe(true);
    // Permits 201 to 250 are free when the second hundred has left its window, 124 s after the first call.
    const waits = new Set(
      alerts.slice(200).map((alert: { retryAfterSeconds: number }) => alert.retryAfterSeconds),
    );
    expect([...waits]).toEqual([Math.ceil((124_000 - tookMs) / 1000)]);
    expect(headers['retry-after']).toBe(String([...waits][0]));

    expect(world.defender.arrivals).toHaveLength(200);
    expect(world.defender.arrivals.every((arrival) => arrival.status === 200)).toBe(true);
    expect(
      mostInAnyWindow(
        world.defender.arrivals.map(({ atMs }) => atMs),
        60_000,
      ),
    ).toBe(100);

    // Who comes back when told is served.
    await time.pass(([...waits][0] as number) * 1000);
    const later = await time.until(world.enrich({ alertIds: alertIds(250).slice(200) }));
    expect(later.json.enrichment.status).toBe('complete');
    expect(world.defender.arrivals.every((arrival) => arrival.status === 200)).toBe(true);
  });
});
