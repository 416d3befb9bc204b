// Bundles the app into dist/, which package.json's "main" names, or into the folder that is given: one file
// that loads at once, and chunks for what is loaded later.
import { rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { APP_BUNDLE } from './bundle.mjs';
import { buildDocsPage } from './docs-page.mjs';
import { mergeStart } from './merge-start.mjs';

const outdir = process.argv[2] ?? 'dist';
await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  ...APP_BUNDLE,
  entryPoints: ['functions/index.ts'],
  outdir,
  metafile: true,
});
await writeFile(`${outdir}/meta.json`, JSON.stringify(metafile));
const [entry = ''] =
  Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === 'functions/index.ts') ?? [];
await mergeStart(metafile, entry);
await buildDocsPage(`${outdir}/docs-page`);
