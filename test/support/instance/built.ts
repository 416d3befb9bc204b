import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../polling.js';

const run = promisify(execFile);

/**
 * The folder of the built app that all instances of a run of the tests start from: in a fifth of the time that the
 * sources take. Whoever wants it first builds it. Undefined outside Jest, where instances run from the sources.
 */
export async function builtApp(): Promise<string | undefined> {
  const folder = process.env.TESTED_APP; // of global-setup.mjs
  if (folder === undefined) return undefined;
  const isFirst = await mkdir(join(folder, 'building')).then(
    () => true,
    () => false,
  );
  if (isFirst) {
    for (const file of ['package.json', 'host.json']) await cp(file, join(folder, file));
    await run(process.execPath, ['scripts/build.mjs', join(folder, 'dist')]);
  }
  // It is there whole or not at all.
  await eventually((see) => existsSync(see(join(folder, 'dist'))) || undefined);
  return folder;
}
