import { expect, test } from '@jest/globals';
import { createApp } from '../../shared/app/app.js';
import { systemClock } from '../../shared/base/clock.js';
import type { OperatorAlert } from '../../shared/base/environment.js';
import { examine } from '../../shared/doctor/examine.js';

const SECRET = 'https://hooks.example/services/T0/secret at /home/site/wwwroot/dist/app.cjs';

test('a check that fails by a fault of ours: the answer says that it did, the log where, and nobody why', async () => {
  const reports: OperatorAlert[] = [];
  const report = (told: OperatorAlert) => void reports.push(told);
  const startup = createApp({ STATE_STORAGE: 'memory' }, { clock: systemClock, random: Math.random, report });
  if (!startup.ok) throw new Error('these settings are right');
  startup.app.quota.view = () => {
    throw new RangeError(SECRET);
  };
  const { checks, status } = await examine(startup, {});
  expect(status).toBe('fail');
  expect(checks.filter(({ name }) => name === 'quota')).toMatchObject([{ status: 'fail' }]);
  expect(reports).toMatchObject([
    { event: 'doctor-check-failed', detail: expect.stringMatching(/"quota".*RangeError/) },
  ]);
  expect(JSON.stringify([checks, reports])).not.toContain('secret');
});
