import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';

/** Runs `local/start.ts` to its end. */
async function start(settings: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
    env: { PATH: process.env.PATH, ...settings },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { stdout, stderr, code };
}

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
