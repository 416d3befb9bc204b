import { describe, expect, test } from '@jest/globals';
import { createApp } from '../../shared/app.js';
import { systemClock } from '../../shared/clock.js';

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
