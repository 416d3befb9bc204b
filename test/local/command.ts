import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const TSX = pathToFileURL(resolve('node_modules/tsx/dist/esm/index.mjs')).href;

/** Runs a script of the project to its end, in a folder whose `local.settings.json` has these values, if any. */
export async function runCommand(
  script: string,
  { env, file, args = [] }: { env: Record<string, string>; file?: Record<string, string>; args?: string[] },
) {
  const cwd = await mkdtemp(join(tmpdir(), 'command-'));
  if (file) await writeFile(join(cwd, 'local.settings.json'), JSON.stringify({ Values: file }));
  const child = spawn(process.execPath, ['--import', TSX, resolve(script), ...args], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  await rm(cwd, { recursive: true });
  return { stdout, stderr, code };
}
