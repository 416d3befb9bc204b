import { expect, test } from '@jest/globals';
import { runCommand } from './command.js';

const start = (env: Record<string, string>) => runCommand('local/start.ts', { env });

test('wrong settings are all named, without their values, and nothing is served', async () => {
  const { stdout, stderr, code } = await start({ DEFENDER_CLOUD: 'cirrus', QUOTA_PER_HOUR: 'plenty' });
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^DEFENDER_CLOUD: .+\nQUOTA_PER_HOUR: .+\n$/);
  expect(stderr).not.toMatch(/cirrus|plenty/);
});

test.each(['70000', 'x', '-1', '1.5'])('PORT=%s is a wrong setting', async (PORT) => {
  expect(await start({ PORT })).toEqual({
    stdout: '',
    stderr: 'PORT: must be a number from 0 to 65535.\n',
    code: 1,
  });
});
