/**
 * Payloads by size rather than by shape: `npm run fuzz -- [seed] [seconds] [--package] [--strict] [--only N]`.
 * Long names, many ids, a million elements, and every container of every known shape filled with junk are
 * posted to the app in a process of its own. It exits with 1 if an answer is none that the contract knows, is larger than
 * its post and its alerts account for, if memory stays taken, or if the app does not answer the next caller.
 *
 * `--package` takes what `npm run package` has made instead of the sources. `--strict` also fails on a stall,
 * which says something on an idle machine only. `--only` repeats one post of a seed.
 */
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startDefenderSimulator } from '../../local/defender/simulator.js';
import { startIdentityEndpoint } from '../../local/identity/endpoint.js';
import { systemClock } from '../../shared/base/clock.js';
import { FORMATS } from '../../shared/formats/index.js';
import { alertIds } from '../support/alert-ids.js';
import { checkAnswer, isDocumented } from '../support/conformance.js';
import { type Answer, exchange } from '../support/exchange.js';
import { startInstance } from '../support/instance/start.js';
import { randomFrom } from '../support/random.js';
import { type FuzzPost, postMaker } from './payloads.js';

const PACKAGE = 'out/app';
const AUDIENCE = 'https://defender-fuzz.test';
const MEGABYTE = 1024 * 1024;
/** What an answer may have beside what grows with the post: problems, and the addresses of cached alerts. */
const BASE_BYTES = MEGABYTE;
/** An alert of 35 bytes has an entry of some 700 where no call is left for it, and more in the forms of other products. */
const BYTES_OUT_PER_BYTE_IN = 60;
/**
 * The app's own turns take 50 ms, but for thousands of ids that wait for one token or one deadline: 0.4 s. What the
 * processor spends on collecting garbage beside them counts here, too. Only chunked bodies are looked at: one with a
 * length is read in one turn by the local host, as Azure's host does in a process of its own.
 */
const LONGEST_STALL_MS = 600;
/** After these all that is loaded lazily has been loaded. */
const WARM_UP_POSTS = 10;
const MEMORY_MAY_GROW_BYTES = 64 * MEGABYTE;

const { values, positionals } = parseArgs({
  options: { package: { type: 'boolean' }, strict: { type: 'boolean' }, only: { type: 'string' } },
  allowPositionals: true,
});
const seed = Number(positionals[0] ?? randomInt(1, 1e6));
const seconds = Number(positionals[1] ?? 120);
const only = values.only === undefined ? undefined : Number(values.only);
if (values.package && !existsSync(PACKAGE))
  throw new Error(`There is no ${PACKAGE}: run npm run package first.`);
console.log(`fuzz${values.package ? ' of the package' : ''}: seed ${seed}, ${seconds} s`);

const clock = systemClock;
const identity = await startIdentityEndpoint({ clock });
const defender = await startDefenderSimulator({ clock, random: randomFrom(seed), audience: AUDIENCE });
const app = startInstance(
  {
    ...identity.settings,
    DEFENDER_API_HOST: defender.url,
    DEFENDER_AUDIENCE: AUDIENCE,
    STATE_STORAGE: 'memory',
    // Known ids stay answered, so that answers with addresses are made all the time.
    IPS_CACHE_SECONDS: '3600',
  },
  values.package ? { folder: PACKAGE } : {},
);
const findings: string[] = [];
const statuses = new Map<number, number>();
let largestRatio = { ratio: 0, what: '' };
let longestStall = { stallMs: 0, what: '' };

/** Posts one, and looks whether the app is as well as before. */
async function tryOne(n: number, { what, text }: FuzzPost, query: string): Promise<void> {
  const name = `post ${n} (${query}; ${what})`;
  try {
    const isChunked = n % 2 === 0;
    const { status, text: answer } = await post(text, query, isChunked);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const [bytesIn, bytesOut] = [Buffer.byteLength(text), Buffer.byteLength(answer)];
    const ratio = Math.max(0, bytesOut - BASE_BYTES) / bytesIn;
    if (ratio > largestRatio.ratio) largestRatio = { ratio, what: name };
    if (ratio > BYTES_OUT_PER_BYTE_IN) findings.push(`${name}: ${bytesIn} bytes in, ${bytesOut} out`);
    const health = await app.ask('/api/health');
    if (health.status !== 200) findings.push(`${name}: the next caller got a ${health.status}`);
    const { stallMs } = await app.measure();
    if (isChunked && stallMs > longestStall.stallMs) longestStall = { stallMs, what: name };
    if (values.strict && isChunked && stallMs > LONGEST_STALL_MS)
      findings.push(`${name}: stalled for ${Math.round(stallMs)} ms`);
  } catch (error) {
    findings.push(`${name}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Posts with either framing of a body. @throws when the contract does not know the answer */
async function post(text: string, query: string, isChunked: boolean): Promise<Answer> {
  const path = `/api/enrichAlert${query}`;
  const headers = {
    'content-type': 'application/json',
    ...(isChunked ? { 'transfer-encoding': 'chunked' } : {}),
  };
  const answer = await exchange(`${url}${path}`, { method: 'POST', headers }, text);
  // An event comes back with what was posted in it, which is junk here and nothing that a schema knows.
  const isEvent = /format=(ecs|ocsf)\b/.test(query);
  if (!isEvent) checkAnswer('POST', path, answer);
  else if (!isDocumented('POST', path, answer)) throw new Error(`answered ${answer.status}`);
  return answer;
}

const make = await postMaker();
const formats = FORMATS.map(({ name }) => name);
const url = await app.started;
await post(JSON.stringify({ alertIds: alertIds(1) }), '?format=html', false); // loads what is loaded late
await app.measure(); // what starting took is no stall
const untilMs = performance.now() + 1_000 * seconds;
let before: number | undefined;
let posts = 0;
for (let n = only ?? 0; performance.now() < untilMs && findings.length === 0; n++) {
  const random = randomFrom(seed * 100_003 + n);
  random(); // the first is near the seed's own
  const format = formats[Math.floor(random() * formats.length)];
  const scope = random() < 0.5 ? '' : '&scope=public';
  await tryOne(n, make(random), `?wait=1&format=${format}${scope}`);
  posts++;
  if (posts === WARM_UP_POSTS) before = await memory();
  if (only !== undefined) break;
}

if (before !== undefined && app.child.exitCode === null) {
  const grewBytes = (await memory()) - before;
  console.log(
    `memory after garbage collection: ${megabytes(grewBytes)} more than after ${WARM_UP_POSTS} posts`,
  );
  if (grewBytes > MEMORY_MAY_GROW_BYTES) findings.push(`memory grew by ${megabytes(grewBytes)}`);
}
await app.kill();
await Promise.all([defender.close(), identity.close()]);

const answered = [...statuses].sort().map(([status, count]) => `${count} × ${status}`);
console.log(`${posts} posts: ${answered.join(', ')}`);
console.log(
  `most bytes out per byte in, beyond ${megabytes(BASE_BYTES)}: ${largestRatio.ratio.toFixed(1)}; ${largestRatio.what}`,
);
console.log(
  `longest turn of the event loop, chunked bodies: ${Math.round(longestStall.stallMs)} ms; ${longestStall.what}`,
);
for (const finding of findings) console.log(`NOT TO BE: ${finding.slice(0, 2_000)}`);
if (findings.length > 0) console.log(`Repeat it with: npm run fuzz -- ${seed} --only <number of the post>`);
process.exitCode = findings.length > 0 ? 1 : 0;

async function memory(): Promise<number> {
  const { heapBytes, bufferBytes } = await app.measure();
  return heapBytes + bufferBytes;
}

function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}
