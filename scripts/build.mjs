// Bundles the app into dist/, which package.json's "main" names, or into the folder that is given: one file
// that loads at once, and chunks for what is loaded later.
import { rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { buildDocsPage } from './docs-page.mjs';

/**
 * What applicationinsights asks for and this app never calls; the reasons and what they cost are in
 * docs/dependencies.md. `main` is its way into the distribution that instruments the whole process.
 */
const leftOut = {
  name: 'left-out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\.?\/main$/ }, ({ path, resolveDir }) =>
      /node_modules\/applicationinsights\//.test(`${resolveDir}/`)
        ? { path, namespace: 'left-out' }
        : undefined,
    );
    onResolve({ filter: /^@opentelemetry\/exporter-(logs|metrics|trace)-otlp-http$/ }, ({ path }) => ({
      path,
      namespace: 'left-out',
    }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
  },
};

const outdir = process.argv[2] ?? 'dist';
await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ['functions/index.ts'],
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  splitting: true,
  minify: true,
  keepNames: true,
  legalComments: 'linked',
  metafile: true,
  plugins: [leftOut],
  // applicationinsights looks for a file beside itself.
  define: { __dirname: 'import.meta.dirname' },
  // Only the Functions worker can give this one; see local/host/core-api.ts.
  external: ['@azure/functions-core'],
  // CommonJS packages inside an ES module still call require().
  banner: {
    js: "import{createRequire as __require}from'node:module';const require=__require(import.meta.url);",
  },
});
await writeFile(`${outdir}/meta.json`, JSON.stringify(metafile));
await buildDocsPage(`${outdir}/docs-page`);
