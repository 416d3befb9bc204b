// Makes what GET /api/docs serves: our page, and the two files of Swagger UI that it needs.
import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** Puts the page and all that it loads into a folder. */
export async function buildDocsPage(folder) {
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: ['docs-page/page.ts'],
    outdir: folder,
    bundle: true,
    format: 'iife',
    target: 'es2022',
  });
  const ours = ['index.html', 'page.css'].map((name) => join('docs-page', name));
  const theirs = [
    'swagger-ui-bundle.js',
    'swagger-ui-bundle.js.LICENSE.txt',
    'swagger-ui.css',
    'LICENSE',
    'NOTICE',
  ].map((name) => join(swaggerUi, name));
  for (const file of [...ours, ...theirs]) await copyFile(file, join(folder, file.split(/[\\/]/).at(-1)));
}
