// Bundles the app into dist/, which package.json's "main" names: one file that loads at once, and
// chunks for what is loaded later.
import { rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { buildDocsPage } from './docs-page.mjs';

await rm('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ['functions/index.ts'],
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  splitting: true,
  minify: true,
  keepNames: true,
  legalComments: 'linked',
  metafile: true,
  // Only the Functions worker can give this one; see local/host/core-api.ts.
  external: ['@azure/functions-core'],
  // CommonJS packages inside an ES module still call require().
  banner: {
    js: "import{createRequire as __require}from'node:module';const require=__require(import.meta.url);",
  },
});
await writeFile('dist/meta.json', JSON.stringify(metafile));
await buildDocsPage();
