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
import { codeCacheFolder } from './loader/code-cache.js';

const dist = resolve(process.argv[2] ?? 'out/app', 'dist');

await forgetSettings();
process.env.STATE_STORAGE = 'memory';
answerCoreModule();
const { load, chunks } = createChunkLoader(dist);
const { functions } = await functionsCore.collect(() => load('app.cjs'));
for (const name of await readdir(dist)) if (name.endsWith('.cjs')) load(name);
const cached = await readdir(codeCacheFolder(dist));
if (chunks.size < 2 || !cached.includes('app.cjs')) {
  throw new Error(
    `${dist} has ${chunks.size} chunks and ${cached.length} code caches: its files are not named as expected.`,
  );
}
const unfit = cached.filter((name) => chunks.get(name)?.script.cachedDataRejected !== false);
if (unfit.length > 0) throw new Error(`These code caches do not fit their chunks: ${unfit.join(', ')}.`);
console.log(`${functions.size} functions, ${chunks.size} chunks, ${cached.length} from the code cache`);
