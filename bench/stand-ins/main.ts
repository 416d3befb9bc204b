/** The process in which everything stands that the apps call: its work is none of theirs. */
import http from 'node:http';
import { startAzurite } from '../../local/azurite.js';
import { startDefenderSimulator } from '../../local/defender/simulator.js';
import { startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { listen, sendJson } from '../../local/loopback.js';
import { systemClock as clock } from '../../shared/base/clock.js';
import { startStorageProxy } from '../../test/support/storage-proxy.js';
import type { Counts, Started } from './stand-ins.js';

const AUDIENCE = 'https://defender-bench.test';
const PLENTY = 100_000;

const identity = await startIdentityEndpoint({ clock });
const defender = await startDefenderSimulator({
  clock,
  random: Math.random,
  audience: AUDIENCE,
  perMinute: PLENTY,
  perHour: PLENTY,
});
const azurite = await startAzurite();
const counted = await startStorageProxy(azurite.connectionString);
const ingestion = await listen(
  http.createServer((request, response) => {
    request
      .resume()
      .on('end', () => sendJson(response, 200, { itemsReceived: 1, itemsAccepted: 1, errors: [] }));
  }),
  0,
);

const common = {
  ...identity.settings,
  DEFENDER_API_HOST: defender.url,
  DEFENDER_AUDIENCE: AUDIENCE,
  QUOTA_PER_MINUTE: String(PLENTY),
  QUOTA_PER_HOUR: String(PLENTY),
};
const started: Started = {
  memory: { ...common, STATE_STORAGE: 'memory' },
  blob: { ...common, AzureWebJobsStorage: azurite.connectionString },
  counted: { ...common, AzureWebJobsStorage: counted.connectionString },
  telemetry: {
    APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=00000000-0000-4000-8000-000000000000;IngestionEndpoint=${ingestion}/`,
  },
  defenderUrl: defender.url,
  audience: AUDIENCE,
};

process.on('message', () => {
  const counts: Counts = { defender: defender.arrivals.length, storage: counted.requests.length };
  process.send?.(counts);
});
process.on('disconnect', () => process.exit());
process.send?.(started);
