/**
 * The worst hour, in a few minutes: `npm run soak -- [seed] [seconds]`. Mixed shapes, duplicates and jobs at
 * the full quota, while upstream, identity, storage and the instances themselves fail at random. Prints
 * what it did and what must not have been, and exits with 1 if anything must not.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import { type Instance, startFleet } from '../support/fleet.js';
import { randomFrom } from '../support/random.js';
import { type Books, call, type Town } from './callers.js';
import { checkSilent, Findings } from './findings.js';
import { killNowAndThen, startMishaps, type Tally } from './mishaps.js';
import { payloadMaker } from './payloads.js';

const PER_MINUTE = 300;
const PER_HOUR = 1_500;
const INSTANCES = 3;
const CALLERS = 16;
/** Between two ends of instances. */
const KILL_EVERY_MS = 12_000;
/** The minute's window and its guard. */
const WINDOW_MS = 63_000;
/** The host's lease on the messages of killed workers, and their claims on jobs. */
const LEASE_MS = 605_000;
/** By then whoever was told to retry has been served. */
const DRAIN_MS = 240_000;
/** After the first minute all that is loaded lazily has been loaded. */
const HEAP_MAY_GROW_BYTES = 24 * 1024 * 1024;
const RETIRE_MS = 20_000;

const seed = Number(process.argv[2] ?? randomInt(1, 1e9));
const seconds = Number(process.argv[3] ?? 120);
console.log(`soak: seed ${seed}, ${seconds} s of load`);

const random = randomFrom(seed);
const findings = new Findings();
const mishaps: Tally = new Map();
const seen = new Map<string, number>();
const books: Books = { posts: 0, complete: 0 };

const fleet = await startFleet({
  persistent: true,
  defender: { perMinute: PER_MINUTE, perHour: PER_HOUR, latencyMs: { min: 5, max: 250 } },
  settings: { QUOTA_PER_MINUTE: String(PER_MINUTE), QUOTA_PER_HOUR: String(PER_HOUR) },
});
const running: Instance[] = await fleet.launch(...Array(INSTANCES).fill({}));
const elder = running[0] as Instance;
const town: Town = { random, makePayload: await payloadMaker(), running, findings, seen };

// The load.
const load = new AbortController();
const trouble = startMishaps(fleet, random, mishaps);
const ends = killNowAndThen(fleet, running, KILL_EVERY_MS, { random, tally: mishaps, signal: load.signal });
const callers = Array.from({ length: CALLERS }, () => call(town, books, load.signal));
await sleep(seconds * 500);
const heapBefore = await elder.heapBytes();
await sleep(seconds * 500);
load.abort();
trouble.stop();
await ends;
console.log(`load over: ${books.posts} posts, ${books.complete} complete; waiting for the rest`);

// Whoever waits for a killed worker's message waits for its lease; that is let pass when the minute is over.
const done = Promise.all(callers).then(() => true);
const isDone = (withinMs: number) => Promise.race([done, sleep(withinMs, false)]);
if (!(await isDone(WINDOW_MS))) {
  await sleep(WINDOW_MS);
  mishaps.set('leases let pass', 1);
  await fleet.azurite.setAhead(LEASE_MS);
}
if (!(await isDone(DRAIN_MS))) findings.add(`${books.posts - books.complete} posts have no end`);

// The books.
const heapGrewBytes = (await elder.heapBytes()) - heapBefore;
if (heapGrewBytes > HEAP_MAY_GROW_BYTES) findings.add(`the heap grew by ${megabytes(heapGrewBytes)}`);
for (const [windowMs, limit] of [
  [60_000, PER_MINUTE],
  [3_600_000, PER_HOUR],
] as const) {
  const most = mostInAnyWindow(fleet.arrivals(), windowMs);
  console.log(`most calls in any ${windowMs / 1000} s, by the upstream's own log: ${most} of ${limit}`);
  if (most > limit) findings.add(`${most} calls in ${windowMs / 1000} s`);
}
for (const instance of running) {
  if (!(await instance.retire(RETIRE_MS))) findings.add('an instance did not end: something keeps it up');
}
await fleet.close();
for (const instance of fleet.launched) {
  const written = await instance.written;
  checkSilent(written, 'the log', findings);
  for (const [kept] of written.matchAll(/^kept up by .*$/gm)) findings.add(`an instance was ${kept}`);
}

console.log(`calls to Defender: ${fleet.arrivals().length}; heap grew by ${megabytes(heapGrewBytes)}`);
table('what went wrong', mishaps);
table('what callers saw', seen);
console.log(
  findings.all.length === 0 ? '\nnothing that must not be' : `\nMUST NOT BE:\n- ${findings.all.join('\n- ')}`,
);
process.exit(findings.all.length === 0 ? 0 : 1);

function table(title: string, counts: ReadonlyMap<string, number>): void {
  console.log(`\n| ${title} | times |\n|---|---|`);
  for (const [kind, times] of [...counts].sort()) console.log(`| ${kind} | ${times} |`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
