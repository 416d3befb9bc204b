import { expect, test } from '@jest/globals';
import { KNOWN_ALERT } from '../../local/defender/alerts.js';
import { startStandIns } from '../../local/stand-ins.js';
import { systemClock } from '../../shared/base/clock.js';
import { runCommand } from './command.js';

const doctor = (env: Record<string, string>, ...args: string[]) =>
  runCommand('local/doctor.ts', { env, args });

test('everything right: exit 0, with the one call about an alert that is given by its address in the portal', async () => {
  const standIns = await startStandIns({}, systemClock);
  try {
    const { stdout, stderr, code } = await doctor(
      standIns.settings,
      `probe=https://security.microsoft.com/alerts/${KNOWN_ALERT}?tid=a&b=c`,
    );
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toContain('ok    permission');
    expect(stdout).toContain('Defender answered 200');
    expect(stdout).toContain('Defender answered: it works, with warnings');
  } finally {
    await standIns.close();
  }
});

test('a failure: exit 1', async () => {
  const { stdout, code } = await doctor({ DEFENDER_CLOUD: 'cirrus', FUNCTION_KEY: 'cirrus' });
  expect(code).toBe(1);
  expect(stdout).toContain('fail  settings      DEFENDER_CLOUD must be one of');
  expect(stdout).not.toContain('cirrus');
});

test('what the environment does not say is read from local.settings.json', async () => {
  const file = { DEFENDER_CLOUD: 'cirrus', QUOTA_PER_HOUR: 'plenty' };
  const env = { QUOTA_PER_HOUR: '1500' };
  const { stdout } = await runCommand('local/doctor.ts', { env, file });
  expect(stdout).toContain('DEFENDER_CLOUD must be one of');
  expect(stdout).not.toContain('QUOTA_PER_HOUR');
});

test('an argument that is not known', async () => {
  const { stderr, code } = await doctor({}, 'alert=x');
  expect(code).toBe(1);
  expect(stderr).toContain('Known are: format, probe');
});
