/**
 * Loads the package and each of its chunks once, as they would be when they are needed: none may be broken, and
 * the code caches have to fit the engine that made them.
 */
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { functionsCore } from '../local/host/core.js';
import { answerCoreModule } from '../local/host/load.js';
import { forgetSettings } from '../local/settings.js';
import { createChunkLoader } from './loader/chunks.js';
import { codeCachePath, openCodeCache } from './loader/code-cache.js';

const dist = resolve(process.argv[2] ?? 'out/app', 'dist');

await forgetSettings();
process.env.STATE_STORAGE = 'memory';
answerCoreModule();
const { load, chunks } = createChunkLoader(dist);
const { functions } = await functionsCore.collect(() => load('app.cjs'));
for (const name of await readdir(dist)) if (name.endsWith('.cjs')) load(name);
const codeCache = openCodeCache(codeCachePath(dist));
const cached = [...chunks].filter(([name, { file }]) => codeCache(name, file));
if (chunks.size < 2 || !cached.some(([name]) => name === 'app.cjs')) {
  throw new Error(
    `${dist} has ${chunks.size} chunks, of which ${cached.length} have a code cache for Node ${process.version}: ` +
      'it was packaged for other versions, or its files are not named as expected.',
  );
}
const unfit = cached.filter(([, { script }]) => script.cachedDataRejected !== false).map(([name]) => name);
if (unfit.length > 0) throw new Error(`These code caches do not fit their chunks: ${unfit.join(', ')}.`);
console.log(`${functions.size} functions, ${chunks.size} chunks, ${cached.length} from the code cache`);
