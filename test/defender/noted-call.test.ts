import { expect, test } from '@jest/globals';
import { systemClock } from '../../shared/base/clock.js';
import type { TelemetryEvent } from '../../shared/base/telemetry-event.js';
import { notedCall } from '../../shared/defender/noted-call.js';

const ALERT = 'da637472900382838869_1364969609';

test.each([
  [`/api/alerts/${ALERT}/ips`, '/api/alerts/{id}/ips', ALERT],
  [`/api/alerts/${ALERT}/ips?$skip=1000`, '/api/alerts/{id}/ips', ALERT],
  // The address of a next page is of the upstream's choosing.
  ['/api/alerts/%zz/ips', '/api/alerts/{id}/ips', undefined],
  ['/api/alerts/%2F/ips', '/api/alerts/{id}/ips', undefined],
  ['/api/ips/192.0.2.1/stats', '/api/ips/{ip}/stats', undefined],
  ['/api/elsewhere/secret', '/…', undefined],
])('a call of %s is answered, and noted as one of %s', async (path, route, alertId) => {
  const noted: TelemetryEvent[] = [];
  const answered = { kind: 'answered', body: '{}' } as const;
  const call = notedCall(
    async () => answered,
    systemClock,
    (occurrence) => noted.push(occurrence),
  );
  expect(await call(`https://defender.example${path}`, 'token', new AbortController().signal)).toBe(answered);
  expect(noted).toMatchObject([
    { kind: 'upstream-call', origin: 'https://defender.example', route, status: 200 },
  ]);
  expect(noted[0]).toHaveProperty('alertId', alertId);
});
