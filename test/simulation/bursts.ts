import { emitNothing } from '../../shared/base/telemetry-event.js';
import { priorityWindows } from '../../shared/quota/priorities.js';
import { Quota } from '../../shared/quota/quota.js';
import { SharedLedger } from '../../shared/quota/shared-ledger.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { randomFrom } from '../support/random.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { underWayMs } from './instances.js';

export async function simulateBursts({
  instances,
  bursts,
  each,
  gapMs,
  seed,
  singles = false,
  latencyMs = 15,
}: any) {
  const time = new VirtualClock();
  const random = randomFrom(seed);
  const store = new MemoryBlobStore(time, { latencyMs: () => latencyMs * (0.7 + 0.6 * random()) });
  const windows = priorityWindows({ perMinute: 100_000, perHour: 100_000 }, 0);
  const quotas = Array.from({ length: instances }, () => {
    const clock = time.machine({ originMs: random() * 1e9, calendarMs: 0, rate: 1 });
    return {
      clock,
      quota: new Quota(
        clock,
        new SharedLedger({ clock, store, name: 'ledger', random, windows, report: () => {} }),
        emitNothing,
      ),
    };
  });
  const waits: number[] = [];
  let failed = 0;
  let next = 0;
  const ask = async () => {
    const { clock, quota } = quotas[singles ? Math.floor(random() * instances) : next++ % instances] as any;
    const askedMs = time.monotonicMs();
    try {
      const permit = await quota.acquire(
        { untilMs: () => Number.POSITIVE_INFINITY, signal: new AbortController().signal },
        'interactive',
      );
      waits.push(time.monotonicMs() - askedMs);
      await clock.sleep(underWayMs(random) + 20 + random() * 180);
      permit.settle(true);
    } catch {
      failed++;
    }
  };
  const all: Promise<void>[] = [];
  for (let n = 0; n < bursts; n++) {
    for (let c = 0; c < each; c++) all.push(time.sleep(random() * 5).then(ask));
    await time.pass(gapMs * (singles ? -Math.log(1 - random()) : 0.5 + random()));
  }
  await time.until(Promise.all(all));
  const { read, write, refused } = store.operations;
  waits.sort((a, b) => a - b);
  const calls = bursts * each;
  const at = (q: number) => Math.round(waits[Math.floor(waits.length * q)] ?? Number.NaN);
  return {
    lost: (refused / calls).toFixed(2),
    writes: (write / calls).toFixed(2),
    reads: (read / calls).toFixed(2),
    p50: at(0.5),
    p95: at(0.95),
    max: at(0.9999),
    failed,
  };
}
