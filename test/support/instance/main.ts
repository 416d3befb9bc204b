/**
 * One instance of the app as a process of its own: the doors of functions/index.ts on the local host, or
 * the built app in the folder that is given.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startHost } from '../../../local/host/host.js';
import { loadApp } from '../../../local/host/load.js';

const host = await startHost({
  registrations: await loadApp(process.argv[2] ?? fileURLToPath(new URL('.', import.meta.url))),
  port: 0,
  hostJson: JSON.parse(await readFile('host.json', 'utf8')),
});
// Nobody is left behind when the test that started it has ended, however it did.
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => host.close().then(() => process.exit()));
process.send?.(host.url);
