// Makes what GET /api/docs serves: a page of our own, which needs no library.
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Puts the page and all that it loads into a folder. */
export async function buildDocsPage(folder) {
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: ['docs-page/page.ts'],
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
  });
  for (const name of ['index.html', 'page.css']) await copyFile(join('docs-page', name), join(folder, name));
}
