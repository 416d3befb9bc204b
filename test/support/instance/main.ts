/**
 * One instance of the app as a process of its own: the doors of functions/index.ts on the local host, or
 * the built app in the folder that is given.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startHost } from '../../../local/host/host.js';
import { loadApp } from '../../../local/host/load.js';
import type { Measures, Order, Reply } from './orders.js';

/** By then a process that nothing keeps up has ended. */
const LONG_MS = 5_000;
/** Between two looks at the event loop. */
const LOOK_MS = 10;

const built = process.argv[2];
const registrations = await loadApp(built ?? fileURLToPath(new URL('.', import.meta.url)));
// A process that runs from its sources takes seconds to load them: it is up when it has.
if (!built) await (await import('../../../functions/index.js')).warm;
const host = await startHost({
  registrations,
  port: 0,
  hostJson: JSON.parse(await readFile('host.json', 'utf8')),
  log: (entry) => void process.stdout.write(`${JSON.stringify(entry)}\n`),
});
let longestTurnMs = 0;
let cpuBefore = process.cpuUsage();
setInterval(lookAtTurn, LOOK_MS).unref();
// Nobody is left behind when the test that started it has ended, however it did.
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => host.close().then(() => process.exit()));
process.on('message', (order: Order) => {
  if (order === 'measure') tell({ kind: 'measured', ...measure() });
  else void retire();
});
tell({ kind: 'started', url: host.url });

function tell(reply: Reply): void {
  process.send?.(reply);
}

/** Notes what was worked since the last look, in time of the processor: a busy machine is no stall of the app's. */
function lookAtTurn(): void {
  const { user, system } = process.cpuUsage(cpuBefore);
  longestTurnMs = Math.max(longestTurnMs, (user + system) / 1_000);
  cpuBefore = process.cpuUsage();
}

/** What is in use once everything that nobody holds is gone; needs `--expose-gc`. */
function measure(): Measures {
  lookAtTurn();
  const stallMs = longestTurnMs;
  globalThis.gc?.();
  cpuBefore = process.cpuUsage(); // collecting is no work of the app's
  longestTurnMs = 0;
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heapBytes: heapUsed, bufferBytes: arrayBuffers, stallMs };
}

/** Ends by itself, as soon as nothing keeps it up: `exit` is not called. */
async function retire(): Promise<void> {
  await host.close();
  process.removeAllListeners('disconnect');
  process.removeAllListeners('message');
  process.disconnect();
  const tellWhatIsLeft = () => process.stdout.write(`kept up by ${process.getActiveResourcesInfo()}\n`);
  setTimeout(tellWhatIsLeft, LONG_MS).unref();
}
