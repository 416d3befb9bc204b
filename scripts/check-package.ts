/** Loads the package and each of its chunks once, as they would be when they are needed: none may be broken. */
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadApp } from '../local/host/load.js';

const APP = resolve(process.argv[2] ?? 'out/app');

process.env.STATE_STORAGE = 'memory';
const { functions } = await loadApp(APP);
const chunks = (await readdir(resolve(APP, 'dist'))).filter((name) => name.endsWith('.js'));
for (const chunk of chunks) await import(pathToFileURL(resolve(APP, 'dist', chunk)).href);
console.log(`${functions.size} functions, ${chunks.length} chunks`);
