import { spawn } from 'node:child_process';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../shared/base/clock.js';
import { startIdentityEndpoint } from '../identity/endpoint.js';
import { expectThat, type Step } from './asking.js';

export const healthyApp: Step = {
  title: 'The doctor says how the app is: GET /api/doctor?format=text',
  async run({ url }) {
    const report = await (await fetch(`${url}/api/doctor?format=text`)).text();
    print(report);
    expectThat('nothing fails', /^ok {4}permission/m.test(report) && !/^fail/m.test(report));
  },
};

export const appWithoutRole: Step = {
  title: 'The same on a machine whose identity has not been granted the role: npm run doctor',
  async run() {
    const { stdout, code } = await runWithoutRole();
    print(stdout);
    expectThat(
      'that alone fails, and the report has the command that grants the role to this very identity',
      code === 1 &&
        /^fail {2}permission .*\n +→ az rest --method POST/m.test(stdout) &&
        stdout.split('fail  ').length === 2,
    );
  },
};

/**
 * In another process, because the identity library keeps its tokens for the life of one; in a folder without
 * settings of its own.
 */
async function runWithoutRole(): Promise<{ stdout: string; code: number | null }> {
  const identity = await startIdentityEndpoint({ clock: systemClock, roles: [] });
  const folder = await mkdtemp(join(tmpdir(), 'demo-doctor-'));
  try {
    const script = fileURLToPath(new URL('../doctor.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), script], {
      cwd: folder,
      env: { ...process.env, ...identity.settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [stdout, code] = await Promise.all([text(child.stdout), ended]);
    return { stdout, code };
  } finally {
    await rmdir(folder);
    await identity.close();
  }
}

function print(report: string): void {
  console.log(report.trim().replaceAll(/^(?=.)/gm, '   '));
}
