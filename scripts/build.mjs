// Bundles the app into dist/, which package.json's "main" names: one file that loads at once, and
// chunks for what is loaded later.
import { rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { slimIdentity } from './slim-identity.mjs';

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
  plugins: [slimIdentity],
  external: [
    '@azure/functions-core', // only the Functions worker can give this one; see local/host/core-api.ts
    'web-streams-polyfill', // node-fetch asks for it on a Node without web streams only
  ],
  // CommonJS packages inside an ES module still call require().
  banner: {
    js: "import{createRequire as __require}from'node:module';const require=__require(import.meta.url);",
  },
});
await writeFile('dist/meta.json', JSON.stringify(metafile));
