import { describe, expect, test } from '@jest/globals';
import { xsoar } from '../../shared/formats/xsoar.js';
import {
  alert,
  alertId,
  NOTHING_FOUND,
  ONE_ALERT,
  PARTIAL,
  payload,
  rendered,
  SHARED,
  UNAVAILABLE,
} from './enrichments.js';

const ALERT_IP = 'MicrosoftATP.AlertIP(val.AlertID === obj.AlertID)';
const IP = 'IP(val.Address && val.Address == obj.Address)';

describe('xsoar', () => {
  test('says that an alert has no IPs', () => {
    expect(rendered(xsoar, NOTHING_FOUND)).toEqual({
      [ALERT_IP]: [{ AlertID: alertId(1), IPs: [], Status: 'empty' }],
      [IP]: [],
    });
  });

  test('has IPs of both versions under the keys of the content pack', () => {
    expect(rendered(xsoar, ONE_ALERT)).toEqual({
      [ALERT_IP]: [{ AlertID: alertId(1), IPs: ['198.51.100.3', '2001:db8::1'], Status: 'found' }],
      [IP]: [{ Address: '198.51.100.3' }, { Address: '2001:db8::1' }],
    });
  });

  test('has a shared address once under IP, and with each of its alerts', () => {
    const context = rendered(xsoar, SHARED);
    expect(context[IP]).toEqual([{ Address: '192.0.2.1' }, { Address: '10.0.0.7' }]);
    expect(context[ALERT_IP]).toHaveLength(5);
    for (const { IPs } of context[ALERT_IP]) expect(IPs).toContain('192.0.2.1');
  });

  test('never claims that an alert without an answer has no IPs', () => {
    expect(rendered(xsoar, PARTIAL)[ALERT_IP]).toEqual([
      { AlertID: alertId(1), IPs: ['198.51.100.3'], Status: 'found' },
      {
        AlertID: 'aa0123456789',
        Status: 'skipped',
        Reason: 'This is an alert of Microsoft Defender for Identity.',
      },
      {
        AlertID: alertId(4),
        Status: 'not_found',
        Reason: 'Defender for Endpoint does not know this alert.',
      },
      {
        AlertID: alertId(5),
        Status: 'failed',
        Reason: 'Defender is not available. Defender answered 503 three times.',
        RetryAfterSeconds: 30,
      },
    ]);
  });

  test('keeps the addresses that the payload told of an alert whose lookup failed', () => {
    const degraded = payload([alert(1, { status: 'failed', error: UNAVAILABLE, ips: ['192.0.2.1'] })], []);
    expect(rendered(xsoar, degraded)[ALERT_IP]).toEqual([
      { AlertID: alertId(1), IPs: ['192.0.2.1'], Status: 'failed', Reason: expect.any(String) },
    ]);
  });
});
