import { BUILT } from './builds.js';
import { inTurn, judged, median, ms, type Row, ratio, shown, times } from './measure.js';
import { type AppUnderMeasurement, Worker } from './process.js';
import { freshAlert } from './requests.js';
import type { StandIns } from './stand-ins/stand-ins.js';

/** One cold start, from nothing to the last byte of the first answer. */
interface ColdStart {
  /** From the app's being assigned to a process that is up: what a cold start is on Azure. */
  readonly assignMs: number;
  /** From the start of the process. */
  readonly spawnMs: number;
  readonly residentMb: number;
}

/** Starts a process for each run; see docs/internals/performance.md, "How to read it". */
export async function coldRows(standIns: StandIns, runs: number): Promise<Row[]> {
  const { memory, blob, telemetry } = standIns;
  const start = (directory: string, settings: Record<string, string>) => () =>
    coldStart({ directory, settings });
  const results = await inTurn(
    {
      hello: start(BUILT.hello, memory),
      helloBundled: start(BUILT.helloBundled, memory),
      memory: start(BUILT.app, memory),
      blob: start(BUILT.app, blob),
      telemetry: start(BUILT.app, { ...memory, ...telemetry }),
      uncachedCode: start(BUILT.uncachedCode, memory),
      uncachedCodeBlob: start(BUILT.uncachedCode, blob),
      unbundled: start(BUILT.unbundled, memory),
      naive: start(BUILT.naive, memory),
    },
    runs,
    1,
  );
  type Name = keyof typeof results;
  const take = (name: Name, what: keyof ColdStart) => results[name].map((run) => run[what]);
  const against = (name: Name, what: keyof ColdStart, base: Name = 'hello') =>
    ratio(take(name, what), take(base, what));
  const both = (name: Name) =>
    `${ms(median(take(name, 'assignMs')))} assigned, ${ms(median(take(name, 'spawnMs')))} spawned`;
  const compared = (name: Name) =>
    `${both(name)}: ${times(against(name, 'assignMs'))}, ${times(against(name, 'spawnMs'))}`;
  const bundled = (name: Name) =>
    `${times(against(name, 'assignMs', 'helloBundled'))}, ${times(against(name, 'spawnMs', 'helloBundled'))}`;
  /** Two rows: by what the bar is about on Azure, and by the whole process. */
  const bars = (name: Name, most: number, what: string) =>
    (['assignMs', 'spawnMs'] as const).map((kind) =>
      judged(
        `cold, ${kind === 'assignMs' ? 'assigned' : 'spawned'}: ${what}`,
        `${ms(median(take(name, kind)))}, hello ${ms(median(take('hello', kind)))}: ${times(against(name, kind))}`,
        `≤ ${most} × hello`,
        against(name, kind) <= most,
      ),
    );
  const residents = (['hello', 'memory', 'blob'] as const).map((name) =>
    median(take(name, 'residentMb')).toFixed(0),
  );
  const growths = (['memory', 'blob'] as const).map((name) => against(name, 'residentMb'));
  return [
    shown('cold: hello world, `@azure/functions` in node_modules', both('hello')),
    ...bars('memory', 1.25, 'the package, `STATE_STORAGE=memory`'),
    ...bars('blob', 1.6, 'the package, blob ledger'),
    shown('cold: the package, telemetry on', compared('telemetry')),
    shown('cold: the package, code cache of another V8: memory', compared('uncachedCode')),
    shown('cold: the package, code cache of another V8: blob ledger', compared('uncachedCodeBlob')),
    shown('cold: unbundled', compared('unbundled')),
    shown('cold: as one would write it', compared('naive')),
    shown('cold: hello world, bundled like the package', compared('helloBundled')),
    shown('cold: the package against that one: memory; blob', `${bundled('memory')}; ${bundled('blob')}`),
    judged(
      'resident memory after the first answer: hello, memory, blob',
      `${residents.join(', ')} MB: ${growths.map(times).join(', ')}`,
      '≤ 1.3 × hello',
      Math.max(...growths) <= 1.3,
    ),
  ];
}

async function coldStart(app: AppUnderMeasurement): Promise<ColdStart> {
  const spawnedMs = performance.now();
  const worker = new Worker(BUILT.worker);
  try {
    await worker.ready();
    const readyMs = performance.now();
    const url = await worker.assign(app);
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
