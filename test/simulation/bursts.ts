import { priorityWindows } from '../../shared/quota/priorities.js';
import { Quota } from '../../shared/quota/quota.js';
import { SharedLedger } from '../../shared/quota/shared-ledger.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { randomFrom } from '../support/random.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { underWayMs } from './instances.js';

/** What is simulated. Times in milliseconds. */
export interface Bursts {
  readonly instances: number;
  readonly bursts: number;
  /** Calls of a burst; they come within 5 ms, to one instance after another. */
  readonly each: number;
  /** From one burst to the next, on the average. */
  readonly gapMs: number;
  readonly seed: number;
}

/** What came of it, per call. */
export interface BurstsOutcome {
  /** Swaps lost against another instance's. */
  readonly lost: number;
  readonly reads: number;
  readonly writes: number;
  /** From asking to the permit. */
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** The storage's latency, give or take 30 %. */
const LATENCY_MS = 15;

/** Instances whose quota is out of the way, so that only the ledger's contention is left: calls in bursts over all of them. */
export async function simulateBursts({
  instances,
  bursts,
  each,
  gapMs,
  seed,
}: Bursts): Promise<BurstsOutcome> {
  const time = new VirtualClock();
  const random = randomFrom(seed);
  const store = new MemoryBlobStore(time, { latencyMs: () => LATENCY_MS * (0.7 + 0.6 * random()) });
  const windows = priorityWindows({ perMinute: 100_000, perHour: 100_000 }, 0);
  const machines = Array.from({ length: instances }, () => {
    const clock = time.machine({ originMs: random() * 1e9 });
    const ledger = new SharedLedger({ clock, store, name: 'ledger', random, windows, report: refuseReport });
    return { clock, quota: new Quota(clock, ledger) };
  });
  const waits: number[] = [];
  async function call(n: number): Promise<void> {
    const { clock, quota } = machines[n % instances] as (typeof machines)[number];
    await time.sleep(random() * 5);
    const askedMs = time.monotonicMs();
    const waiting = { untilMs: () => Number.POSITIVE_INFINITY, signal: new AbortController().signal };
    const permit = await quota.acquire(waiting, 'interactive');
    waits.push(time.monotonicMs() - askedMs);
    await clock.sleep(underWayMs(random) + 20 + random() * 180);
    permit.settle(true);
  }
  const calls: Promise<void>[] = [];
  for (let burst = 0; burst < bursts; burst++) {
    for (let n = 0; n < each; n++) calls.push(call(burst * each + n));
    await time.pass(gapMs * (0.5 + random()));
  }
  await time.until(Promise.all(calls));
  waits.sort((one, other) => one - other);
  const { read, write, refused } = store.operations;
  return {
    lost: refused / calls.length,
    reads: read / calls.length,
    writes: write / calls.length,
    p50Ms: waits[Math.floor(waits.length * 0.5)] ?? Number.NaN,
    p95Ms: waits[Math.floor(waits.length * 0.95)] ?? Number.NaN,
  };
}

function refuseReport(): never {
  throw new Error('nothing is to be reported in a simulation');
}
