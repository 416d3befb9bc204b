// Bundles the app into dist/, which package.json's "main" names, or into the folder that is given: app.cjs,
// which loads at once, chunks for what is loaded later, and a loader for them.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { build, transform } from 'esbuild';
import { APP_BUNDLE, BUNDLE } from './bundle.mjs';
import { buildDocsPage } from './docs-page.mjs';

const outdir = process.argv[2] ?? 'dist';
await rm(outdir, { recursive: true, force: true });
await mkdir(outdir, { recursive: true });
const { metafile, outputFiles } = await build({
  ...APP_BUNDLE,
  entryPoints: { app: 'functions/index.ts' },
  outdir,
  outExtension: { '.js': '.cjs' },
  metafile: true,
  write: false,
});
for (const { path, text } of outputFiles) {
  await writeFile(path, path.endsWith('.cjs') ? await asCommonJs(text) : text);
}
await writeFile(`${outdir}/meta.json`, JSON.stringify(metafile));
await build({ ...BUNDLE, entryPoints: ['scripts/loader/index.ts'], outdir, splitting: false, banner: {} });
await buildDocsPage(`${outdir}/docs-page`);

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
