import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** A built app. */
export interface BuiltApp {
  readonly folder: string;
  remove(): Promise<void>;
}

/**
 * Builds the app into a folder that nobody else has, so that a build, a test or a second `npm start` in the same
 * checkout takes nothing away from under a running app.
 */
export async function buildOwnApp(): Promise<BuiltApp> {
  const folder = await mkdtemp(join(tmpdir(), 'alert-ip-enrichment-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await run(process.execPath, ['scripts/build.mjs', join(folder, 'dist')], { cwd: ROOT });
    for (const file of ['package.json', 'host.json']) await cp(join(ROOT, file), join(folder, file));
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, remove };
}
