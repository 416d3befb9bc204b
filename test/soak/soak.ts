/**
 * The worst hour, in a few minutes: `npm run soak -- [seed] [seconds]`. Mixed shapes, duplicates, forwards and jobs
 * at the full quota, while upstream, identity, storage and the instances themselves fail at random. Prints
 * what it did and what must not have been, and exits with 1 if anything must not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { mostInAnyWindow } from '../../local/defender/windows.js';
import type { Instance } from '../support/fleet.js';
import { type Books, call } from './callers.js';
import { killNowAndThen, startMishaps } from './mishaps.js';
import { openSoak } from './open.js';
import { payloadMaker } from './payloads.js';

const PER_MINUTE = 200;
const PER_HOUR = 1_500;
const CALLERS = 24;
/** Between two ends of instances. */
const KILL_EVERY_MS = 12_000;
/** The minute's window and its guard. */
const WINDOW_MS = 63_000;
/** By then whoever was told to retry has been served. */
const DRAIN_MS = 240_000;
/** After the first minute all that is loaded lazily has been loaded. */
const HEAP_MAY_GROW_BYTES = 24 * 1024 * 1024;
const RETIRE_MS = 20_000;

const seconds = Number(process.argv[3] ?? 120);
const soak = await openSoak(`soak, ${seconds} s of load`, {
  instances: 3,
  perMinute: PER_MINUTE,
  perHour: PER_HOUR,
  latencyMs: { min: 5, max: 250 },
  persistent: true,
});
const { findings, fleet, running, receiver } = soak;
const firstInstance = running[0] as Instance;
const books: Books = { posts: 0, complete: 0 };
const makePayload = await payloadMaker();

// The load.
const load = new AbortController();
const trouble = startMishaps(soak);
const ends = killNowAndThen(soak, KILL_EVERY_MS, load.signal);
const callers = Array.from({ length: CALLERS }, () => call(soak, makePayload, books, load.signal));
await sleep(seconds * 500);
const { heapBytes: heapBefore } = await firstInstance.measure();
await sleep(seconds * 500);
load.abort();
trouble.stop();
soak.healReceiver();
await ends;
console.log(`load over: ${books.posts} posts, ${books.complete} complete; waiting for the rest`);

// Whoever waits for a killed worker's message waits for its lease; that is let pass when the minute is over.
const done = Promise.all(callers).then(() => true);
const isDone = (withinMs: number) => Promise.race([done, sleep(withinMs, false)]);
await isDone(WINDOW_MS);
await sleep(WINDOW_MS);
await fleet.passLease();
if (!(await isDone(DRAIN_MS))) findings.add(`${books.posts - books.complete} posts have no end`);
const forwarded = await soak.drained(DRAIN_MS);
await soak.books.redeliver(() => firstInstance);
const resent = await soak.drained(DRAIN_MS);

// The books.
soak.books.check(receiver);
if (resent.delivered < resent.accepted)
  findings.add(`${resent.accepted - resent.delivered} forwards never arrived`);
const heapGrewBytes = (await firstInstance.measure()).heapBytes - heapBefore;
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
console.log(
  `forwards: ${forwarded.accepted} accepted = ${forwarded.delivered} delivered + ${forwarded['dead-lettered']} ` +
    `dead-lettered, which were sent again; ${receiver.received.length} attempts arrived`,
);
console.log(`calls to Defender: ${fleet.arrivals().length}; heap grew by ${megabytes(heapGrewBytes)}`);
await soak.end();

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
