// Bundles the app into dist/, which package.json's "main" names: one file that loads at once, and
// chunks for what is loaded later.
import { rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { APP_BUNDLE } from './bundle.mjs';
import { mergeStart } from './merge-start.mjs';

await rm('dist', { recursive: true, force: true });
const { metafile } = await build({
  ...APP_BUNDLE,
  entryPoints: ['functions/index.ts'],
  outdir: 'dist',
  metafile: true,
});
await writeFile('dist/meta.json', JSON.stringify(metafile));
await mergeStart(metafile, 'dist/index.js');
