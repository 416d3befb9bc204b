import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const run = promisify(execFile);
const root = process.cwd();
const moduleUrl = (path: string) => pathToFileURL(join(root, path)).href;

/** Loads the app in this process's working directory, calls it once and stops. */
const program = `
  import { loadApp } from '${moduleUrl('local/host/load.ts')}';
  import { startHost } from '${moduleUrl('local/host/host.ts')}';
  const host = await startHost({ registrations: await loadApp(process.cwd()), port: 0 });
  console.log(await (await fetch(host.url + '/api/hello')).text());
  await host.close();
`;

/** An entry that is an ES module and requires the library, as a bundle with a banner does. */
const prelude = `
  import { createRequire } from 'node:module';
  const { app } = createRequire('${moduleUrl('package.json')}')('@azure/functions');
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'app-'));
  await writeFile(join(folder, 'package.json'), '{"type":"module","main":"entry.js"}');
});
afterAll(() => rm(folder, { recursive: true }));

/** In a process of its own: what is tested is the patched require of plain Node. */
async function load(entry: string): Promise<string> {
  await writeFile(join(folder, 'entry.js'), prelude + entry);
  const tsx = moduleUrl('node_modules/tsx/dist/esm/index.mjs');
  const { stdout } = await run(process.execPath, ['--import', tsx, '--input-type=module', '-e', program], {
    cwd: folder,
  });
  return stdout;
}

const hello = `app.http('hello', { handler: () => ({ body: 'hello' }) });`;

test('a built app is loaded and runs, and the process ends by itself', async () => {
  expect(await load(`app.setup({ enableHttpStream: true }); ${hello}`)).toBe('hello\n');
});

test.each([
  ['an entry that throws', `throw new Error('wrong turn');`, /entry\.js failed to load: Error: wrong turn/],
  ['an app without functions', '', /has registered no function/],
  ['an app without HTTP streaming', hello, /HTTP streaming is off/],
  ['a name that is used twice', hello + hello, /"hello" has already been registered/],
  [
    'a route that is used twice',
    `app.setup({ enableHttpStream: true });
     app.http('a', { route: 'x/{id}', handler: () => ({}) });
     app.http('b', { route: 'X/{key}', handler: () => ({}) });`,
    /"a" and "b" have the same route/,
  ],
  [
    'a route that is not understood',
    `app.setup({ enableHttpStream: true }); app.http('a', { route: 'x/{id:int}', handler: () => ({}) });`,
    /route segment "{id:int}" is not supported/,
  ],
])('%s blocks the start', async (_what, entry, problem) => {
  await expect(load(entry)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(problem) });
});
