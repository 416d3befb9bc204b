import { expect, test } from '@jest/globals';
import { createApp } from '../../shared/app/app.js';
import { systemClock } from '../../shared/base/clock.js';

const ID = '33333333-3333-4333-8333-333333333333';

test('an app that is being stopped gives no permit any more, to users neither', async () => {
  const startup = createApp({
    STATE_STORAGE: 'memory',
    AZURE_CLIENT_ID: ID,
    DELEGATED_CLIENT_ID: ID,
    DELEGATED_TENANT_ID: ID,
    IDENTITY_ENDPOINT: 'http://127.0.0.1:9',
    QUOTA_PER_MINUTE: '1',
  });
  if (!startup.ok || !startup.app.delegation) throw new Error('these settings are right');
  const { app } = startup;
  const untilMs = systemClock.monotonicMs() + 100_000;
  const acquire = (quota: typeof app.quota) =>
    quota.acquire({ untilMs: () => untilMs, signal: new AbortController().signal }, 'interactive');
  const quotas = [app.quota, startup.app.delegation.quota];
  await Promise.all(quotas.map(acquire));
  const waiting = quotas.map(acquire); // for the next minute
  const ended = Promise.allSettled(waiting);
  await app.stop();
  const stopping = { status: 'rejected', reason: { kind: 'app-stopping' } };
  expect(await ended).toMatchObject([stopping, stopping]);
  expect(await Promise.allSettled(quotas.map(acquire))).toMatchObject([stopping, stopping]);
});
