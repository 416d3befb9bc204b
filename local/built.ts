import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/**
 * Builds the app into a folder that nobody else has, so that a build, a test or a second `npm start` in the
 * same checkout takes nothing away from under a running app. It is gone when this process exits.
 *
 * @returns the folder
 */
export async function buildOwnApp(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'alert-ip-enrichment-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await run(process.execPath, ['scripts/build.mjs', join(folder, 'dist')], { cwd: ROOT });
  for (const file of ['package.json', 'host.json']) await cp(join(ROOT, file), join(folder, file));
  return folder;
}
