import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createChunkLoader } from '../../scripts/loader/chunks.js';
import { codeCachePath, sealed } from '../../scripts/loader/code-cache.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chunks-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, code: string) => writeFile(join(folder, name), code);

/** Loads a chunk anew; what it exports, and whether V8 was given a cache and took it. */
function load(name: string) {
  const loader = createChunkLoader(folder);
  const exports = loader.load(name);
  return { exports, isFromCache: loader.chunks.get(name)?.script.cachedDataRejected === false };
}

async function record(...names: string[]): Promise<string> {
  const { load, chunks } = createChunkLoader(folder);
  for (const name of names) load(name);
  const path = codeCachePath(folder);
  await mkdir(dirname(path), { recursive: true });
  const pieces = [...chunks].map(([name, { file, script }]) => ({
    name,
    file,
    data: script.createCachedData(),
  }));
  await writeFile(path, sealed(pieces));
  return path;
}

test('chunks require each other, in a circle too, and what Node has; each runs once', async () => {
  await write(
    'app.cjs',
    `exports.first = 1; exports.later = require('./later.cjs'); exports.where = __dirname;`,
  );
  await write(
    'later.cjs',
    `exports.first = require('./app.cjs').first;
     exports.joined = require('node:path').posix.join('a', 'b');`,
  );
  const loader = createChunkLoader(folder);
  expect(loader.load('app.cjs')).toEqual({ first: 1, later: { first: 1, joined: 'a/b' }, where: folder });
  expect(loader.load('later.cjs')).toBe((loader.load('app.cjs') as { later: unknown }).later);
  expect([...loader.chunks.keys()]).toEqual(['app.cjs', 'later.cjs']);
});

test('a chunk that throws is run again when it is asked for again', async () => {
  await write(
    'app.cjs',
    `globalThis.tries = (globalThis.tries ?? 0) + 1;
     if (globalThis.tries === 1) throw new Error('not yet');
     exports.tries = globalThis.tries;`,
  );
  const { load } = createChunkLoader(folder);
  expect(() => load('app.cjs')).toThrow('not yet');
  expect(load('app.cjs')).toEqual({ tries: 2 });
});

test('a code cache is used by the engine that wrote it', async () => {
  await write('app.cjs', `exports.sum = (a, b) => a + b; exports.three = exports.sum(1, 2);`);
  expect(load('app.cjs').isFromCache).toBe(false);
  await record('app.cjs');
  expect(load('app.cjs')).toMatchObject({ exports: { three: 3 }, isFromCache: true });
});

test('one file holds the code caches of several chunks', async () => {
  await write('app.cjs', `exports.odd = (n) => n % 2 === 1;`);
  await write('later.cjs', `exports.name = 'a name with an odd number of letters';`);
  await write('new.cjs', `exports.isNew = true;`);
  await record('app.cjs', 'later.cjs');
  expect(load('app.cjs').isFromCache).toBe(true);
  expect(load('later.cjs')).toMatchObject({ exports: { name: expect.any(String) }, isFromCache: true });
  expect(load('new.cjs')).toEqual({ exports: { isNew: true }, isFromCache: false });
});

test('another source of the same length is what runs, whatever the cache holds', async () => {
  await write('app.cjs', `exports.version = '0.1.0';`);
  await record('app.cjs');
  await write('app.cjs', `exports.version = '0.1.1';`);
  expect(load('app.cjs')).toEqual({ exports: { version: '0.1.1' }, isFromCache: false });
});

test('a code cache that is empty, cut short or has a flipped bit is not used', async () => {
  await write('app.cjs', `exports.text = 'right';`);
  const path = await record('app.cjs');
  const whole = await readFile(path);
  const flipped = (at: number) => {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    return bytes;
  };
  const cut = [0, 3, 15, 20].map((bytes) => whole.subarray(0, bytes));
  const broken = [...cut, whole.subarray(0, -1), flipped(0), flipped(5), flipped(18), flipped(80)];
  for (const bytes of [...broken, flipped(whole.length - 1)]) {
    await writeFile(path, bytes);
    expect(load('app.cjs')).toEqual({ exports: { text: 'right' }, isFromCache: false });
  }
});
