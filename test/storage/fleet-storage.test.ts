import { afterEach, describe, expect, test } from '@jest/globals';
import { blobExchanges, type Fleet, freshAlertIds, startFleet, writtenAfter } from '../support/fleet.js';
import { expectRetry } from '../support/fleet-answers.js';

let fleet: Fleet;
afterEach(() => fleet.close());

describe('the storage of real processes', () => {
  test('row 29: the storage is stopped and started again → cached alerts are answered, everything else gets 503 and Defender is not asked; then all goes on, and the budget is kept', async () => {
    fleet = await startFleet({ persistent: true, settings: { QUOTA_PER_MINUTE: '3' } });
    const [one, other] = await fleet.launch({}, {});
    const [known, unknown, late] = freshAlertIds(3);
    expect((await one.enrich({ alertId: known })).status).toBe(200);
    await fleet.azurite.kill();
    expect((await one.enrich({ alertId: known })).status).toBe(200);
    for (const [instance, alertId] of [
      [one, unknown],
      [other, known],
    ] as const) {
      const answer = await instance.enrich({ alertId });
      expectRetry(answer, 503);
      expect(answer.json.type).toContain('storage-unavailable');
    }
    expect(fleet.arrivals()).toHaveLength(1);
    await fleet.azurite.restart();
    expect((await one.enrich({ alertId: unknown })).status).toBe(200);
    expect((await other.enrich({ alertId: late })).status).toBe(200);
    expectRetry(await other.enrich({ alertIds: freshAlertIds(1) }, '?wait=20'), 429);
    expect(fleet.arrivals()).toHaveLength(3);
  });

  test('beyond: a storage that never answers → each caller is answered within its wait, with Retry-After, and Defender is not asked', async () => {
    fleet = await startFleet({});
    const [instance] = await fleet.launch({});
    fleet.storage.onExchange = () => 'hold';
    const beganMs = performance.now();
    const answer = await instance.enrich({ alertIds: freshAlertIds(1) }, '?wait=2');
    expectRetry(answer, 504);
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    const patient = await instance.enrich({ alertIds: freshAlertIds(1) });
    expectRetry(patient, 503);
    expect(fleet.arrivals()).toEqual([]);
  });

  test('beyond: an alert that one process looked up → another answers it without a call, with its age; a cold lookup makes at most three exchanges with the storage before its answer, a cached one none', async () => {
    fleet = await startFleet({});
    const [first, second] = freshAlertIds(2);
    const [one] = await fleet.launch({});
    await one.get(first ?? '');
    await writtenAfter(fleet, 'ips', 0);
    const [other] = await fleet.launch({}); // after the last write of the first one, or a swap could be lost
    const { json } = await other.enrich({ alertId: first });
    expect(json.enrichment.alerts[0]).toMatchObject({ status: 'found', ageSeconds: expect.any(Number) });
    expect(fleet.arrivals()).toHaveLength(1);

    const before = blobExchanges(fleet).length;
    let exchanges: string[] = [];
    fleet.defender.intercept = () => {
      exchanges = blobExchanges(fleet).slice(before);
      return false;
    };
    expect((await other.get(second ?? '')).status).toBe(200);
    // The question to the cache, the ledger as it stands unless that is just known, and the swap.
    expect(exchanges.slice(3)).toEqual([]);
    expect(exchanges.filter((one) => !one.startsWith('GET'))).toEqual([
      expect.stringMatching(/^PUT .*\/quota\//),
    ]);
    await writtenAfter(fleet, 'ips', 1);
    const settled = blobExchanges(fleet);
    expect((await other.get(second ?? '')).status).toBe(200);
    expect(blobExchanges(fleet)).toEqual(settled);
  });
});
