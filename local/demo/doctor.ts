import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../shared/clock.js';
import { startIdentityEndpoint } from '../identity/endpoint.js';
import { type Demo, expectThat } from './asking.js';

/** The demo's part about the doctor: once of the healthy app, once of one whose role nobody granted. */
export async function showDoctor({ url }: Demo): Promise<void> {
  console.log('\n7. The doctor says how the app is: GET /api/doctor?format=text\n');
  const healthy = await (await fetch(`${url}/api/doctor?format=text`)).text();
  print(healthy);
  expectThat('nothing fails', /^ok {4}permission/m.test(healthy) && !/^fail/m.test(healthy));

  console.log('\n8. The same on a machine whose identity has not been granted the role: npm run doctor\n');
  const { stdout, code } = await runWithoutRole();
  print(stdout);
  expectThat(
    'it fails for that alone, and names the command that grants the role to this very identity',
    code === 1 &&
      /^fail {2}permission .*\n +→ az rest --method POST/m.test(stdout) &&
      stdout.split('fail  ').length === 2,
  );
}

/** The identity library keeps its tokens for the life of a process, so this takes another one. */
async function runWithoutRole(): Promise<{ stdout: string; code: number | null }> {
  const identity = await startIdentityEndpoint({ clock: systemClock, roles: [] });
  try {
    const script = fileURLToPath(new URL('../doctor.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, ...identity.settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [stdout, code] = await Promise.all([text(child.stdout), ended]);
    return { stdout, code };
  } finally {
    await identity.close();
  }
}

function print(report: string): void {
  console.log(report.trim().replaceAll(/^(?=.)/gm, '   '));
}
