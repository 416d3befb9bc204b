// How fast recognising and attaching is, beside JSON.parse + JSON.stringify of the same text in the
// same run: `npx tsx bench/payload.ts`. The promise is at most 2.5 times that, and linear in the size.
// For alerts in a JSON string, JSON's side parses and writes the string's content too.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { parseJson } from '../shared/payload/json.js';
import { findAlerts } from '../shared/payload/references.js';
import { attachRelatedIps } from '../shared/payload/splice.js';
import { SAMPLES } from './fixtures/payloads.js';

const SIZES = [1, 100, 10_000];
const IPS = ['104.80.104.128', '23.203.232.228'];
const WARM_UP_MS = 400;
const MEASURE_MS = 3000;
const LEAST_ROUNDS = 15;
const MOST_RATIO = 2.5;

/** What the app does with a payload, without the lookups. */
function recogniseAndAttach(text: string): number {
  const references = findAlerts(parseJson(text));
  const attachments = references.flatMap((reference) =>
    reference.kind === 'endpoint' && reference.attachTo ? [{ path: reference.attachTo, ips: IPS }] : [],
  );
  return attachRelatedIps(text, attachments).length;
}

function parseAndStringify(text: string): number {
  return JSON.stringify(JSON.parse(text)).length;
}

/** The same through `{"Body":"…"}`. */
function parseAndStringifyTwice(text: string): number {
  const { Body } = JSON.parse(text) as { Body: string };
  return JSON.stringify({ Body: JSON.stringify(JSON.parse(Body)) }).length;
}

/** Small payloads are run often enough for the clock to see them. */
function time(work: (text: string) => number, text: string, repeats: number): number {
  const began = performance.now();
  let length = 0;
  for (let n = 0; n < repeats; n++) length += work(text);
  if (length === 0) throw new Error('nothing came out');
  return (performance.now() - began) / repeats;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

interface Measured {
  readonly oursMs: number;
  readonly theirsMs: number;
}

/** Both take turns, so that what else the machine does hits both. */
function measure(text: string, json: (text: string) => number): Measured {
  const repeats = Math.max(1, Math.round(100_000 / text.length));
  const ours: number[] = [];
  const theirs: number[] = [];
  for (const end = performance.now() + WARM_UP_MS; performance.now() < end; ) {
    time(recogniseAndAttach, text, repeats);
    time(json, text, repeats);
  }
  for (const end = performance.now() + MEASURE_MS; performance.now() < end || ours.length < LEAST_ROUNDS; ) {
    ours.push(time(recogniseAndAttach, text, repeats));
    theirs.push(time(json, text, repeats));
  }
  return { oursMs: median(ours), theirsMs: median(theirs) };
}

/** The longest that the event loop stands still, in ms, over some rounds with time to breathe between. */
async function longestStall(work: (text: string) => number, text: string): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const stalls: number[] = [];
  for (let round = 0; round < 7; round++) {
    await pause(5);
    delay.reset();
    delay.enable();
    await pause(5);
    work(text);
    await pause(5);
    delay.disable();
    stalls.push(delay.max / 1e6);
  }
  return median(stalls);
}

let isKept = true;
console.log('payload       alerts       MB  ours MB/s  JSON MB/s  ratio  stall ms  JSON stall ms');
for (const { name, text: make } of SAMPLES) {
  const json = name === 'string' ? parseAndStringifyTwice : parseAndStringify;
  for (const size of SIZES) {
    const text = make(size);
    const bytes = Buffer.byteLength(text);
    const { oursMs, theirsMs } = measure(text, json);
    const stall = await longestStall(recogniseAndAttach, text);
    const theirStall = await longestStall(json, text);
    const ratio = oursMs / theirsMs;
    if (ratio > MOST_RATIO) isKept = false;
    const speed = (ms: number) => (bytes / 1e3 / ms).toFixed(0).padStart(9);
    console.log(
      `${name.padEnd(12)} ${String(size).padStart(7)} ${(bytes / 1e6).toFixed(3).padStart(8)} ` +
        `${speed(oursMs)}  ${speed(theirsMs)}  ${ratio.toFixed(2).padStart(5)} ` +
        `${stall.toFixed(1).padStart(9)} ${theirStall.toFixed(1).padStart(14)}`,
    );
  }
}
console.log(isKept ? `every ratio is at most ${MOST_RATIO}` : `a ratio is above ${MOST_RATIO}`);
process.exitCode = isKept ? 0 : 1;
