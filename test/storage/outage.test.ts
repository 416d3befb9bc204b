import { afterEach, describe, expect, test } from '@jest/globals';
import { freshAlertIds } from '../support/alert-ids.js';
import { type Fleet, startFleet } from '../support/fleet.js';
import { insist } from '../support/polling.js';
import { expectRetryLater } from '../support/problems.js';

let fleet: Fleet;
afterEach(() => fleet.close());

describe('the storage of real processes', () => {
  test('the storage is stopped and started again → cached alerts are answered, everything else gets 503 and Defender is not asked; then all goes on, and the budget is kept', async () => {
    fleet = await startFleet({ persistent: true, settings: { QUOTA_PER_HOUR: '3' } });
    const [one, other] = await fleet.launch({}, {});
    const [known, unknown, late] = freshAlertIds(3);
    expect((await insist(() => one.enrich({ alertId: known }))).status).toBe(200);
    await fleet.azurite.kill();
    expect((await one.enrich({ alertId: known })).status).toBe(200);
    for (const [instance, alertId] of [
      [one, unknown],
      [other, known],
    ] as const) {
      const answer = await instance.enrich({ alertId });
      expectRetryLater(answer, 503, 'storage-unavailable');
    }
    expect(fleet.arrivals()).toHaveLength(1);
    await fleet.azurite.restart();
    expect((await insist(() => one.enrich({ alertId: unknown }))).status).toBe(200);
    expect((await insist(() => other.enrich({ alertId: late }))).status).toBe(200);
    expectRetryLater(
      await insist(() => other.enrich({ alertIds: freshAlertIds(1) })),
      429,
      'quota-exhausted',
    );
    expect(fleet.arrivals()).toHaveLength(3);
  });

  test('a storage that never answers → each caller is answered within its wait, with Retry-After, and Defender is not asked', async () => {
    fleet = await startFleet({});
    const [instance] = await fleet.launch({});
    fleet.onExchange = () => 'hold';
    // Its own time was over before the store's 3 s were.
    expectRetryLater(
      await instance.enrich({ alertIds: freshAlertIds(1) }, '?wait=2'),
      504,
      'deadline-exceeded',
    );
    expectRetryLater(await instance.enrich({ alertIds: freshAlertIds(1) }), 503, 'storage-unavailable');
    expect(fleet.arrivals()).toEqual([]);
  });

  test('an alert that one process looked up → another answers it without a call, with its age', async () => {
    fleet = await startFleet({});
    const [alertId = ''] = freshAlertIds(1);
    const [one] = await fleet.launch({});
    const shared = one.storage.passed('written', /^PUT .*\/ips\//);
    expect((await insist(() => one.get(alertId))).status).toBe(200);
    await shared;
    const [other] = await fleet.launch({});
    const { json } = await insist(() => other.enrich({ alertId }));
    expect(json.enrichment.alerts[0]).toMatchObject({ status: 'found', ageSeconds: expect.any(Number) });
    expect(fleet.arrivals()).toHaveLength(1);
  });
});
