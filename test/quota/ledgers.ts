import type { OperatorAlert } from '../../shared/base/environment.js';
import { BlobLedger } from '../../shared/quota/blob-ledger.js';
import { laneWindows } from '../../shared/quota/lanes.js';
import { readState } from '../../shared/quota/ledger-state.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { randomFrom } from '../support/random.js';
import { VirtualClock } from '../support/virtual-clock.js';

export const NAME = 'quota/test.json';
export const interactive = (count: number) => ({ interactive: count, background: 0 });

/** A store in virtual time and ledgers of several instances over it. */
export function setUpLedgers({ perMinute = 100, perHour = 1500 } = {}) {
  const time = new VirtualClock();
  const latency = { ms: 20 };
  const store = new MemoryBlobStore(time, { latencyMs: () => latency.ms });
  const reports: OperatorAlert[] = [];
  let instances = 0;
  const machine = () => {
    // Started at other times, and their calendars five minutes apart.
    const clock = time.machine({ originMs: ++instances * 77_777, calendarMs: instances * 300_000 });
    const ledger = new BlobLedger({
      clock,
      store,
      name: NAME,
      random: randomFrom(instances),
      windows: laneWindows(perMinute, perHour, 20),
      report: (report) => reports.push(report),
    });
    return { clock, ledger };
  };
  const instance = () => machine().ledger;
  const logged = () => readState(store.blobs.get(NAME)?.text ?? '', time.epochMs())?.log ?? [];
  const total = () => Object.values(store.operations).reduce((sum, count) => sum + count, 0);
  return { time, store, latency, reports, machine, instance, logged, total };
}
