/**
 * `npm run bench`: what the work costs, beside what it is measured against. Everything takes turns, so
 * that the ratios hold although the machine is shared; absolute times are this machine's. What is
 * missed is printed and no error. How to read the table: docs/internals/performance.md.
 *
 *     npm run bench                  all of it
 *     npm run bench -- cold size     some of it
 *     npm run bench -- --quick       a few rounds, to see that it runs
 */
import { parseArgs } from 'node:util';
import { buildAll } from './builds.js';
import { burstRows } from './burst.js';
import { cachedRows } from './cached.js';
import { coldRows } from './cold.js';
import { deliveryRows } from './deliveries.js';
import { largeRows } from './large.js';
import { asTable, type Row } from './measure.js';
import { payloadRows } from './payload.js';
import { sizeRows } from './size.js';
import { type StandIns, startStandIns } from './stand-ins/stand-ins.js';
import { uncachedRows } from './uncached.js';

/** How much is measured. */
export interface Extent {
  /** Of what starts a process each time. */
  readonly runs: number;
  /** Rounds of single requests. */
  readonly requests: number;
  /** Rounds of what takes a second or so. */
  readonly rounds: number;
}

const FULL: Extent = { runs: 21, requests: 300, rounds: 11 };
const QUICK: Extent = { runs: 3, requests: 10, rounds: 2 };

const BENCHES: Readonly<Record<string, (standIns: StandIns, extent: Extent) => Promise<Row[]>>> = {
  cold: (standIns, { runs }) => coldRows(standIns, runs),
  cached: (standIns, { rounds }) => cachedRows(standIns, rounds),
  uncached: (standIns, { requests }) => uncachedRows(standIns, requests),
  burst: (standIns, { rounds }) => burstRows(standIns, rounds),
  deliveries: (standIns, { rounds }) => deliveryRows(standIns, rounds),
  size: () => sizeRows(),
  payload: (_standIns, { rounds }) => payloadRows(rounds),
  large: (standIns, { rounds }) => largeRows(standIns, rounds),
};

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0)
  throw new Error(`There is no ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}.`);
const chosen = Object.entries(BENCHES).filter(
  ([name]) => positionals.length === 0 || positionals.includes(name),
);

await buildAll();
const standIns = await startStandIns();
try {
  const rows: Row[] = [];
  for (const [name, measure] of chosen) {
    console.error(`${name} …`);
    rows.push(...(await measure(standIns, values.quick ? QUICK : FULL)));
  }
  console.log(asTable(rows));
} finally {
  await standIns.end();
}
