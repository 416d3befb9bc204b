// esbuild puts what the entry shares with later chunks into files of their own, and each of them costs a
// cold start a millisecond or two of finding, reading and linking. This puts them back into the entry; in
// their place stay files of one line for the later chunks, which import from the entry.
import { writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { build } from 'esbuild';

/**
 * Merges, in the folder of a finished build, the entry with the chunks that it always loads.
 * @param {import('esbuild').Metafile} metafile of that build
 * @param {string} entry path of the entry's output in it
 */
export async function mergeStart({ outputs }, entry) {
  const chunks = alwaysLoaded(outputs, entry).map((path, place) => ({ path, prefix: `c${place}_` }));
  const renamed = ({ path, prefix }) => outputs[path].exports.map((name) => [name, `${prefix}${name}`]);
  const list = (pairs) => pairs.map(([from, to]) => `${from} as ${to}`).join(',');
  const exported = chunks.map((chunk) => `export{${list(renamed(chunk))}}from'./${basename(chunk.path)}';`);
  const { outputFiles } = await build({
    stdin: { contents: `import'./${basename(entry)}';${exported.join('')}`, resolveDir: dirname(entry) },
    bundle: true,
    platform: 'node',
    format: 'esm',
    minify: true,
    write: false,
    plugins: [laterChunksStay],
  });
  await writeFile(entry, outputFiles[0].text);
  for (const chunk of chunks) {
    const names = renamed(chunk).map(([name, inEntry]) => [inEntry, name]);
    await writeFile(chunk.path, `export{${list(names)}}from'./${basename(entry)}';`);
  }
}

/** What the entry imports statically, directly or not. */
function alwaysLoaded(outputs, entry) {
  const found = new Set([entry]);
  for (const path of found) {
    for (const { path: imported, kind, external } of outputs[path].imports) {
      if (kind === 'import-statement' && !external) found.add(imported);
    }
  }
  found.delete(entry);
  return [...found];
}

const laterChunksStay = {
  name: 'later-chunks-stay',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === 'dynamic-import' || !path.startsWith('./') ? { path, external: true } : undefined,
    );
  },
};
