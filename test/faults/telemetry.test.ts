import { expect, test } from '@jest/globals';
import { underFire } from '../support/under-fire.js';
import { ALERT, PATH } from './payloads.js';

const fire = underFire();

test('row 39: telemetry configured and its endpoint dead → callers get what they get without it, as fast', async () => {
  const answers = [];
  for (const connection of [
    undefined,
    'InstrumentationKey=canary-instrumentation-key;IngestionEndpoint=https://127.0.0.1:9/;LiveEndpoint=https://127.0.0.1:9/',
  ]) {
    // The library reads it in the environment, the app in its settings.
    if (connection) process.env.APPLICATIONINSIGHTS_CONNECTION_STRING = connection;
    try {
      const world = await fire.startWorld({
        settings: { APPLICATIONINSIGHTS_CONNECTION_STRING: connection },
        secrets: ['canary-instrumentation-key'],
      });
      const began = world.clock.monotonicMs();
      const { status, json } = await fire.time.until(world.enrich(ALERT));
      const ips = await fire.time.until(world.get(PATH));
      expect(world.clock.monotonicMs() - began).toBeLessThan(100);
      const { ips: related, alerts } = json.enrichment;
      answers.push({
        status,
        alert: json.alert,
        related,
        alerts,
        ips: ips.json.value,
        ipsStatus: ips.status,
      });
    } finally {
      delete process.env.APPLICATIONINSIGHTS_CONNECTION_STRING;
    }
  }
  expect(answers[0]).toMatchObject({ status: 200, ipsStatus: 200 });
  expect(answers[1]).toEqual(answers[0]);
});
