import { setTimeout as sleep } from 'node:timers/promises';
import { BUILT } from './builds.js';
import { inTurn, judged, median, ms, type Row, ratio, shown, times } from './measure.js';
import { azuresNodes, type NodeBinary } from './nodes.js';
import { type AppUnderMeasurement, Worker } from './process.js';
import { freshAlert } from './requests.js';
import type { StandIns } from './stand-ins/stand-ins.js';

/**
 * How long a worker has nothing to do between its answer to the host and the first request, while the host prepares
 * its calls: measured under the Functions worker 3.9.1. The local host is in the same process and prepares nothing.
 */
const HOST_PREPARES_MS = 26;

/** One cold start, from nothing to the last byte of the first answer. */
interface ColdStart {
  /** From the app's being assigned to a process that is up: what a cold start is on Azure. */
  readonly assignMs: number;
  /** From the start of the process. */
  readonly spawnMs: number;
  readonly residentMb: number;
}

/** A start for each contender and round, by contender. */
type Starts<K extends string> = Readonly<Record<K, readonly ColdStart[]>>;

/**
 * Starts a process for each run; see docs/internals/performance.md. What has a bar is measured under each Node
 * that Azure runs, the rest under the one that runs this.
 */
export async function coldRows(standIns: StandIns, runs: number): Promise<Row[]> {
  const { memory, blob, telemetry } = standIns;
  const start = (directory: string, settings: Record<string, string>, node?: NodeBinary) => () =>
    coldStart({ directory, settings }, node);
  const rows: Row[] = [];
  for (const node of await azuresNodes()) {
    const starts = await inTurn(
      {
        hello: start(BUILT.hello, memory, node),
        memory: start(BUILT.app, memory, node),
        blob: start(BUILT.app, blob, node),
      },
      runs,
      1,
    );
    rows.push(...barRows(node, starts));
  }
  const shownStarts = await inTurn(
    {
      hello: start(BUILT.hello, memory),
      helloBundled: start(BUILT.helloBundled, memory),
      memory: start(BUILT.app, memory),
      telemetry: start(BUILT.app, { ...memory, ...telemetry }),
      uncachedCode: start(BUILT.uncachedCode, memory),
      uncachedCodeBlob: start(BUILT.uncachedCode, blob),
      unbundled: start(BUILT.unbundled, memory),
      naive: start(BUILT.naive, memory),
    },
    runs,
    1,
  );
  const compared = (what: string, name: keyof typeof shownStarts) =>
    shown(
      `cold, ${process.version}: ${what}`,
      `${ms(median(assigned(shownStarts[name])))}, ${against(shownStarts, name)}`,
    );
  return [
    ...rows,
    compared('the package, memory, telemetry on', 'telemetry'),
    compared('the package, memory, without a code cache', 'uncachedCode'),
    compared('the package, blob ledger, without a code cache', 'uncachedCodeBlob'),
    compared('unbundled', 'unbundled'),
    compared('as one would write it', 'naive'),
    compared('hello world, bundled like the package', 'helloBundled'),
  ];
}

const MOST = { memory: 1.25, blob: 1.5 } as const;
const MOST_RESIDENT = 1.3;

/** Judged by what a cold start is on Azure, from the app's being assigned on; the whole process beside it. */
function barRows({ version }: NodeBinary, starts: Starts<'hello' | 'memory' | 'blob'>): Row[] {
  const hello = ms(median(assigned(starts.hello)));
  const spawned = (name: keyof typeof starts) => starts[name].map(({ spawnMs }) => spawnMs);
  const residents = (name: keyof typeof starts) => starts[name].map(({ residentMb }) => residentMb);
  const growths = (['memory', 'blob'] as const).map((name) => ratio(residents(name), residents('hello')));
  return [
    ...(['memory', 'blob'] as const).map((name) => {
      const most = MOST[name];
      const share = ratio(assigned(starts[name]), assigned(starts.hello));
      const whole = times(ratio(spawned(name), spawned('hello')));
      return judged(
        `cold, v${version}: the package, ${name === 'memory' ? '`STATE_STORAGE=memory`' : 'blob ledger'}`,
        `${ms(median(assigned(starts[name])))}, hello ${hello}: ${against(starts, name)}; with the process ${whole}`,
        `≤ ${most} × hello`,
        share <= most,
      );
    }),
    judged(
      `resident memory after the first answer, v${version}: hello, memory, blob`,
      `${(['hello', 'memory', 'blob'] as const).map((name) => median(residents(name)).toFixed(0)).join(', ')} MB: ${growths.map(times).join(', ')}`,
      `≤ ${MOST_RESIDENT} × hello`,
      Math.max(...growths) <= MOST_RESIDENT,
    ),
  ];
}

function assigned(starts: readonly ColdStart[]): number[] {
  return starts.map(({ assignMs }) => assignMs);
}

/** The ratio to hello world, with the least and the most of the rounds. */
function against<K extends string>(starts: Starts<K | 'hello'>, name: K): string {
  const hello = assigned(starts.hello);
  const ratios = assigned(starts[name]).map((value, round) => value / (hello[round] ?? Number.NaN));
  return `${times(median(ratios))} [${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}]`;
}

async function coldStart(app: AppUnderMeasurement, node?: NodeBinary): Promise<ColdStart> {
  const spawnedMs = performance.now();
  const worker = new Worker(BUILT.worker, node?.path);
  try {
    await worker.ready();
    const readyMs = performance.now();
    const url = await worker.assign(app);
    await sleep(HOST_PREPARES_MS);
    const response = await fetch(`${url}/api/enrichAlert`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: freshAlert(), // or the shared cache answers, and not Defender
    });
    const text = await response.text();
    const endedMs = performance.now();
    if (response.status !== 200) throw new Error(`${app.directory} answered ${response.status}: ${text}`);
    return {
      assignMs: endedMs - readyMs,
      spawnMs: endedMs - spawnedMs,
      residentMb: await worker.residentMb(),
    };
  } finally {
    await worker.end();
  }
}
