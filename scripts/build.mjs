// Bundles the app into dist/, which package.json's "main" names, or into the folder that is given: app.cjs,
// which loads at once, chunks for what is loaded later, a loader for them, and the licences of all of it. The folder
// is there whole or not at all: it is built beside its place, and then put there.
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { build, transform } from 'esbuild';
import { APP_BUNDLE, BUNDLE } from './bundle.mjs';
import { buildDocsPage } from './docs-page.mjs';
import { bundledPackages, thirdPartyNotices } from './licences/notices.mjs';

const place = process.argv[2] ?? 'dist';
const outdir = `${place}.${process.pid}`;
await mkdir(outdir, { recursive: true });
const { metafile, outputFiles } = await build({
  ...APP_BUNDLE,
  entryPoints: { app: 'functions/index.ts' },
  outdir,
  outExtension: { '.js': '.cjs' },
  define: { BUILD_VERSION: JSON.stringify(await version()), BUILD_COMMIT: JSON.stringify(commit()) },
  metafile: true,
  write: false,
});
for (const { path, text } of outputFiles) {
  await writeFile(path, path.endsWith('.cjs') ? await asCommonJs(text) : text);
}
await writeFile(`${outdir}/meta.json`, JSON.stringify(metafile));
await build({ ...BUNDLE, entryPoints: ['scripts/loader/index.ts'], outdir, splitting: false, banner: {} });
await buildDocsPage(`${outdir}/docs-page`);
const notices = await thirdPartyNotices(bundledPackages(metafile));
await writeFile(`${outdir}/THIRD-PARTY-NOTICES.txt`, notices);
await putInPlace();

async function version() {
  return JSON.parse(await readFile('package.json', 'utf8')).version;
}

/** What is built, for those who ask a running app; a copy without git cannot say. */
function commit() {
  const git = (...args) =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') ? '-modified' : '');
  } catch {
    return 'unknown';
  }
}

/** Of several builds at the same time, the last one wins. */
async function putInPlace() {
  for (let left = 10; ; left--) {
    await rm(place, { recursive: true, force: true });
    const error = await rename(outdir, place).then(
      () => undefined,
      (reason) => reason,
    );
    if (!error) return;
    if (left === 0 || !['ENOTEMPTY', 'EEXIST'].includes(error.code)) throw error;
  }
}

/** esbuild splits ES modules only, and V8 caches code of scripts only (scripts/loader/). */
async function asCommonJs(text) {
  const url = text.includes('import.meta.url');
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    define: { 'import.meta.url': '__url' },
    supported: { 'dynamic-import': false },
    ...(url && { banner: "const __url=require('node:url').pathToFileURL(__filename).href;" }),
  });
  return code;
}
