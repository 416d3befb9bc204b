import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { startDefenderSimulator } from '../../local/defender/simulator.js';
import { startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { createApp } from '../../shared/app/app.js';
import { systemClock } from '../../shared/base/clock.js';
import { withDeadline } from '../../shared/base/deadline.js';
import { freshAlertIds } from '../support/alert-ids.js';
import { forgetIdentityEndpoint } from '../support/identity-library.js';
import { loadStorageLibraries } from '../support/storage-libraries.js';
import { type StorageProxy, startStorageProxy } from '../support/storage-proxy.js';

let azurite: Azurite;
let proxy: StorageProxy;
beforeAll(async () => {
  azurite = await startAzurite();
  proxy = await startStorageProxy(azurite.connectionString);
  await loadStorageLibraries();
});
afterAll(async () => {
  await proxy.close();
  await azurite.close();
});

test('when a stop has ended, what was found is shared with the other instances', async () => {
  const clock = systemClock;
  const audience = 'https://stopping.test';
  const identity = await startIdentityEndpoint({ clock });
  const defender = await startDefenderSimulator({ clock, random: Math.random, audience });
  Object.assign(process.env, identity.settings);
  forgetIdentityEndpoint();
  const startup = createApp(
    {
      ...identity.settings,
      DEFENDER_API_HOST: defender.url,
      DEFENDER_AUDIENCE: audience,
      AzureWebJobsStorage: proxy.connectionString,
    },
    { clock, random: Math.random, report: () => {} },
  );
  try {
    if (!startup.ok) throw new Error('these settings are right');
    const { lookup, stop } = startup.app;
    const ids = freshAlertIds(5);
    await withDeadline(
      clock,
      25_000,
      () => new Error('late'),
      (deadline) => Promise.all(ids.map((id) => lookup.find(id, deadline))),
    );
    await stop();
    expect(proxy.writes.filter((request) => request.includes('/ips/'))).toHaveLength(ids.length);
  } finally {
    await defender.close();
    await identity.close();
  }
});
