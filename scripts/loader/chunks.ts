/**
 * What loads the bundle on Azure. A cold start is mostly V8 reading and compiling code; with a code cache,
 * which is what V8 made of the same code before, that takes half as long (docs/internals/performance.md). Node takes
 * a cache for classic scripts only, hence CommonJS and a loader of our own.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { codeCachePath, openCodeCache } from './code-cache.js';

/** A file of the bundle that is loaded. */
export interface Chunk {
  readonly file: Buffer;
  readonly script: Script;
  readonly module: { readonly exports: unknown };
}

/** Loads files of one folder, which may require each other as `./name`, and whatever Node finds. */
export interface ChunkLoader {
  /**
   * What the file exports. It is run once, unless it throws: then it is run again when it is asked for again.
   * @throws what the file throws
   */
  load(name: string): unknown;
  /** Those that are loaded, by name. */
  readonly chunks: ReadonlyMap<string, Chunk>;
}

export function createChunkLoader(folder: string): ChunkLoader {
  const chunks = new Map<string, Chunk>();
  const codeCache = openCodeCache(codeCachePath(folder));
  const requireFromNode = createRequire(join(folder, 'index.js'));
  const require = (id: string) => (id.startsWith('./') ? load(id.slice(2)) : requireFromNode(id));

  function load(name: string): unknown {
    const known = chunks.get(name);
    if (known) return known.module.exports;
    const filename = join(folder, name);
    const file = readFileSync(filename);
    const cachedData = codeCache(name, file);
    // V8 looks whether its version and flags fit the cache, and compiles as ever if not.
    const script = new Script(asFunction(file.toString()), { filename, ...(cachedData && { cachedData }) });
    const module = { exports: {} };
    chunks.set(name, { file, script, module });
    try {
      script.runInThisContext()(module.exports, require, module, filename, folder);
    } catch (error) {
      chunks.delete(name);
      throw error;
    }
    return module.exports;
  }

  return { load, chunks };
}

/** As Node wraps CommonJS modules. */
function asFunction(code: string): string {
  return `(function (exports, require, module, __filename, __dirname) {${code}\n})`;
}
