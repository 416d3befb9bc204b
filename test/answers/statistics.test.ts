import { expect, test } from '@jest/globals';
import { systemClock } from '../../shared/base/clock.js';
import { withDeadline } from '../../shared/base/deadline.js';
import { attach } from '../../shared/enrichment/enrich.js';
import { withoutStats } from '../../shared/enrichment/statistics.js';
import { findAlerts } from '../../shared/payload/references.js';
import { alertIds } from '../support/alert-ids.js';

/** What a job needs to go on until the statistics are there: what it has, and what is still missing. */
test('statistics that are known are not asked for again, and the others can be listed', async () => {
  const [id = ''] = alertIds(1);
  const payload = { alertId: id };
  const ips = ['10.0.0.1', ...Array.from({ length: 150 }, (_, n) => `9.9.9.${n + 1}`)];
  const found = { answer: { status: 'found', ips, unusable: [] }, ageSeconds: 0 } as const;
  const asked: string[] = [];
  const parts = {
    clock: systemClock,
    statsLookup: {
      find: async (address: string) => {
        asked.push(address);
        return { answer: { organizationPrevalence: 5, firstSeen: null, lastSeen: null }, ageSeconds: 0 };
      },
    },
    quota: {
      view: () => ({ asOf: '', minute: { limit: 1, remaining: 1 }, hour: { limit: 1, remaining: 1 } }),
    },
  };
  const rare = { organizationPrevalence: 1, firstSeen: null, lastSeen: null };
  const knownStats = new Map(ips.slice(101).map((address) => [address, rare]));
  const attached = (known: typeof knownStats) =>
    withDeadline(
      systemClock,
      10_000,
      () => new Error('late'),
      (deadline) =>
        attach(
          parts,
          { text: JSON.stringify(payload), payload },
          { references: findAlerts(payload), results: new Map([[id, { ok: true, found }]]) },
          { id: 'e', stats: true, scope: 'all', knownStats: known },
          deadline,
        ),
    );
  const { enrichment } = await attached(knownStats);
  expect(asked.sort()).toEqual(ips.slice(1, 101).sort());
  expect(enrichment).toMatchObject({ statsMissing: 0, stats: { status: 'complete' } });
  expect(enrichment.ips[0]).toMatchObject({ address: ips[101], stats: rare });
  expect(withoutStats(enrichment.ips)).toEqual([]);

  const first = await attached(new Map());
  expect(first.enrichment.statsMissing).toBe(50);
  expect(withoutStats(first.enrichment.ips)).toEqual(ips.slice(101));
});
