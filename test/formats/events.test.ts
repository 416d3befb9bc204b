import { describe, expect, test } from '@jest/globals';
import type { EnrichedPayload } from '../../shared/enrichment/enrich.js';
import { ecs } from '../../shared/formats/ecs.js';
import type { Format } from '../../shared/formats/format.js';
import { ocsf } from '../../shared/formats/ocsf.js';
import { alertId, NOTHING_FOUND, ONE_ALERT, PARTIAL, SHARED } from './enrichments.js';

const rendered = (format: Format, payload: EnrichedPayload) => JSON.parse(format.render(payload));
const FAILURE = 'Defender is not available. Defender answered 503 three times.';

describe('ecs', () => {
  test('says that nothing was found, and that nothing failed', () => {
    expect(rendered(ecs, NOTHING_FOUND)).toEqual({
      related: { ip: [] },
      alert_ip_enrichment: { status: 'complete', alerts: [{ id: alertId(1), status: 'empty', ips: [] }] },
    });
  });

  test('has IPs of both versions in related.ip', () => {
    expect(rendered(ecs, ONE_ALERT).related).toEqual({ ip: ['198.51.100.3', '2001:db8::1'] });
  });

  test('has a shared address once, and with each of its alerts', () => {
    const { related, alert_ip_enrichment } = rendered(ecs, SHARED);
    expect(related.ip).toEqual(['192.0.2.1', '10.0.0.7']);
    expect(alert_ip_enrichment.alerts.map(({ ips }: { ips: string[] }) => ips)).toEqual([
      ['192.0.2.1', '10.0.0.7'],
      ...Array(4).fill(['192.0.2.1']),
    ]);
  });

  test('says what failed and what was skipped', () => {
    const { status, alerts } = rendered(ecs, PARTIAL).alert_ip_enrichment;
    expect(status).toBe('partial');
    expect(alerts.slice(1)).toEqual([
      {
        id: 'aa0123456789',
        status: 'skipped',
        ips: [],
        reason: 'This is an alert of Microsoft Defender for Identity.',
      },
      { status: 'skipped', ips: [], reason: 'No usable id.' },
      {
        id: alertId(4),
        status: 'not_found',
        ips: [],
        reason: 'Defender for Endpoint does not know this alert.',
      },
      { id: alertId(5), status: 'failed', ips: [], reason: FAILURE, retry_after_seconds: 30 },
    ]);
  });

  test.each([NOTHING_FOUND, ONE_ALERT, SHARED, PARTIAL])(
    'overwrites nothing that the alert knows: no field beyond its own two',
    (payload) => {
      expect(Object.keys(rendered(ecs, payload))).toEqual(['related', 'alert_ip_enrichment']);
      expect(Object.keys(rendered(ecs, payload).related)).toEqual(['ip']);
    },
  );
});

describe('ocsf', () => {
  test.each([NOTHING_FOUND, ONE_ALERT, SHARED, PARTIAL])(
    'has observables and enrichments with what the schema requires',
    (payload) => {
      const { observables, enrichments, ...others } = rendered(ocsf, payload);
      expect(others).toEqual({});
      expect(observables.map(({ value }: { value: string }) => value)).toEqual(
        payload.enrichment.ips.map(({ address }) => address),
      );
      for (const observable of observables) {
        expect(observable).toEqual({
          name: 'enrichments[].data.ips',
          type_id: 2,
          type: 'IP Address',
          value: expect.any(String),
        });
      }
      for (const enrichment of enrichments) {
        expect(enrichment).toMatchObject({
          name: 'finding_info.uid',
          value: expect.any(String),
          data: { ips: expect.any(Array) },
        });
      }
      expect(enrichments).toHaveLength(payload.enrichment.alerts.length);
    },
  );

  test('names the finding that an enrichment pertains to', () => {
    expect(rendered(ocsf, ONE_ALERT).enrichments).toEqual([
      {
        name: 'finding_info.uid',
        value: alertId(1),
        type: 'related-ips',
        provider: 'Microsoft Defender for Endpoint',
        data: { status: 'found', pointer: '/value/1', ips: ['198.51.100.3', '2001:db8::1'] },
      },
    ]);
  });

  test('says what failed and what was skipped, by pointer where there is no id', () => {
    const { enrichments } = rendered(ocsf, PARTIAL);
    expect(enrichments.map(({ value }: { value: string }) => value)).toEqual([
      alertId(1),
      'aa0123456789',
      '',
      alertId(4),
      alertId(5),
    ]);
    expect(enrichments[2].data).toEqual({
      status: 'skipped',
      pointer: '/value/3',
      ips: [],
      reason: 'No usable id.',
    });
    expect(enrichments[4].data).toEqual({
      status: 'failed',
      pointer: '/value/5',
      ips: [],
      reason: FAILURE,
      retry_after_seconds: 30,
    });
  });
});
