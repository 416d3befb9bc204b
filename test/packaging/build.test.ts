import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { build as bundle, type Metafile } from 'esbuild';
import { bundledPackages, thirdPartyNotices } from '../../scripts/licences/notices.mjs';
import { TEXTS } from '../../scripts/licences/texts.mjs';
import { APP_NAME } from '../../shared/base/version.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'build-'));
});
afterEach(() => rm(folder, { recursive: true }));

const headCommit = () => execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();

const manifest = JSON.parse(await readFile('package.json', 'utf8'));

/** Builds into the folder; what stands in any chunk is in the text. */
async function build(env: NodeJS.ProcessEnv): Promise<string> {
  await promisify(execFile)(process.execPath, ['scripts/build.mjs', folder], { env });
  const chunks = (await readdir(folder)).filter((name) => name.endsWith('.cjs'));
  return (await Promise.all(chunks.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
}

test('a build knows its version and its commit, and holds the licences of all that is in it', async () => {
  const code = await build(process.env);
  expect(manifest.name).toBe(APP_NAME);
  expect(code.includes(`"${manifest.version}"`)).toBe(true);
  expect(new RegExp(`"${headCommit()}(-modified)?"`).test(code)).toBe(true);
  expect(code.includes('0.0.0-source')).toBe(false);
  const notices = await readFile(join(folder, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
  const packages = bundledPackages(JSON.parse(await readFile(join(folder, 'meta.json'), 'utf8')));
  expect(packages.length).toBeGreaterThan(50);
  for (const path of packages) {
    const { name, version } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
    expect(notices).toContain(`\n${name}@${version} (`);
  }
  // None of the texts beside the packages is left over.
  for (const id of Object.keys(TEXTS)) expect(notices).toContain(`\n${id} (`);
});

test('what is loaded before the functions are registered holds none of the libraries that the app asks others with', async () => {
  await build(process.env);
  const { outputs } = JSON.parse(await readFile(join(folder, 'meta.json'), 'utf8')) as Metafile;
  const byName = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]));
  const first = new Set(['app.cjs']);
  for (const name of first) {
    for (const { path, kind } of byName.get(name)?.imports ?? []) {
      if (kind === 'import-statement' && byName.has(basename(path))) first.add(basename(path));
    }
  }
  const inputs = [...first].flatMap((name) => Object.keys(byName.get(name)?.inputs ?? {}));
  expect(inputs).toContain('functions/register.ts');
  const late = /node_modules\/(@azure\/(?!functions)|@opentelemetry\/|node-fetch\/|applicationinsights\/)/;
  expect(inputs.filter((path) => late.test(path))).toEqual([]);
});

test('Node does not compile its own fetch before the functions are registered', async () => {
  await build(process.env);
  await writeFile(join(folder, 'package.json'), '{"type":"module","main":"index.js"}');
  // CommonJS, since an import of node:http by an ES module reads all its getters, and one of them is fetch's.
  const loader = join(folder, 'load.cjs');
  await bundle({
    entryPoints: ['local/host/load.ts'],
    outfile: loader,
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  const script = `const { loadApp } = require('${loader}');
    const hasFetch = () => process.moduleLoadList.some((name) => name.endsWith('undici/undici'));
    const before = hasFetch();
    loadApp('${folder}').then(() => {
      console.log(before, hasFetch());
      process.exit();
    });`;
  const args = ['--input-type=commonjs', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { STATE_STORAGE: 'memory' } });
  expect(stdout.trim()).toBe('false false');
});

test('a build without git says that its commit is unknown', async () => {
  const code = await build({ ...process.env, PATH: folder });
  expect(code.includes(headCommit())).toBe(false);
  expect(code.includes('"unknown"')).toBe(true);
});

test('a package without a licence text ends the build, and is named', async () => {
  const bare = join(folder, 'node_modules/bare');
  await mkdir(bare, { recursive: true });
  await writeFile(join(bare, 'package.json'), '{"name":"bare","version":"1.0.0","license":"MIT"}');
  await writeFile(join(bare, 'NOTICE'), 'a notice is no licence');
  await expect(thirdPartyNotices([bare])).rejects.toThrow('bare@1.0.0 (MIT)');
});
