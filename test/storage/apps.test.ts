import { createHash, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Azurite, startAzurite } from '../../local/azurite.js';
import { createApp } from '../../shared/app/app.js';
import { parseSettings } from '../../shared/app/settings.js';
import { systemClock } from '../../shared/base/clock.js';
import { freshAlertIds } from '../support/alert-ids.js';
import { openStore } from '../support/azurite-store.js';
import { eventually } from '../support/polling.js';
import { startWorld, type World } from '../support/world.js';

const IDENTITY = 'bbbbbbbb-1111-4111-8111-111111111111';

/** The queues that an app with these settings works on. Nothing is asked of the account. */
function queuesOf(env: Record<string, string>): string[] {
  const settings = { AzureWebJobsStorage: 'UseDevelopmentStorage=true', WEBSITE_SITE_NAME: 'soc-a', ...env };
  const startup = createApp(settings, { clock: systemClock, random: Math.random, report: () => {} });
  if (!startup.ok || !startup.app.shared) throw new Error('these settings are right');
  const { jobs, deliveries } = startup.app.shared;
  return [jobs.places.queue, deliveries.places.queue];
}

describe('whose jobs and deliveries wait', () => {
  test.each([
    [{ AZURE_CLIENT_ID: IDENTITY }],
    [{ DEFENDER_AUDIENCE: 'https://api.security.microsoft.com' }],
    [{ DEFENDER_CLOUD: 'gcc' }],
    [{ WEBSITE_SITE_NAME: 'SOC-A' }],
  ])('what was accepted is found again after %j', (changed) => {
    expect(queuesOf(changed)).toEqual(queuesOf({}));
  });

  test.each([[{ WEBSITE_SITE_NAME: 'soc-b' }], [{ WEBSITE_SLOT_NAME: 'staging' }]])(
    'an app of the same identity does not take them: %j',
    (other) => {
      const shared = { AZURE_CLIENT_ID: IDENTITY };
      const [mine, others] = [queuesOf(shared), queuesOf({ ...shared, ...other })];
      expect(new Set([...mine, ...others]).size).toBe(4);
    },
  );
});

describe('whose quota is spent', () => {
  let azurite: Azurite;
  const worlds: World[] = [];
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.close());
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
  });

  /** One more app in the account; its slot and its audience are its own. */
  async function startApp(settings: Record<string, string>): Promise<World> {
    const world = await startWorld({
      settings: { STATE_STORAGE: undefined, AzureWebJobsStorage: azurite.connectionString, ...settings },
    });
    worlds.push(world);
    return world;
  }

  test('apps of one identity have one ledger, however they spell it and its audience', async () => {
    const one = await startApp({ AZURE_CLIENT_ID: IDENTITY });
    const other = await startApp({ AZURE_CLIENT_ID: IDENTITY.toUpperCase() });
    const [first, second] = freshAlertIds(2);
    expect((await one.enrich({ alertId: first })).json.enrichment.quota.hour.remaining).toBe(1_499);
    expect((await other.enrich({ alertId: second })).json.enrichment.quota.hour.remaining).toBe(1_498);
  });

  test('apps with identities of their own have ledgers of their own', async () => {
    const [first, second] = freshAlertIds(2);
    for (const alertId of [first, second]) {
      const world = await startApp({});
      expect((await world.enrich({ alertId })).json.enrichment.quota.hour.remaining).toBe(1_499);
    }
  });

  test('the names of ledgers and shared answers are those of version 0.1.0: what it stored is found again', async () => {
    const clientId = randomUUID();
    const [alertId = ''] = freshAlertIds(1);
    const world = await startApp({ AZURE_CLIENT_ID: clientId });
    await world.enrich({ alertId });
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const owner = sha256(clientId).slice(0, 32);
    const store = openStore(azurite);
    const named = async (name: string) => (await store.read(name)).blob?.text;
    expect(await named(`quota/${owner}.json`)).toContain('"version":1');
    const answer = `ips/${sha256(`${owner}\n${alertId}`)}.json`;
    expect(JSON.parse(await eventually(() => named(answer)))).toMatchObject({ answer: { status: 'found' } });
  });
});

test('outside Azure one client works for several tenants: each has a quota and answers of its own', () => {
  const principalIn = (env: Record<string, string>) => {
    const parsed = parseSettings({ STATE_STORAGE: 'memory', AZURE_CLIENT_ID: IDENTITY, ...env });
    if (!parsed.ok) throw new Error('these settings are right');
    return parsed.settings.state.principal.key;
  };
  const local = (tenant: string) =>
    principalIn({ LOCAL_CREDENTIALS: 'environment', AZURE_TENANT_ID: tenant });
  expect(local('tenant-a')).not.toBe(local('tenant-b'));
  expect(local('TENANT-A')).toBe(local('tenant-a'));
  // A managed identity is in one tenant, whatever else is set.
  expect(principalIn({ AZURE_TENANT_ID: 'tenant-a' })).toBe(principalIn({}));
});
