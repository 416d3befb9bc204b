import type { OperatorAlert } from '../../shared/base/environment.js';
import { type LedgerState, NEW_LEDGER, readState, writeState } from '../../shared/quota/ledger-state.js';
import { priorityWindows } from '../../shared/quota/priorities.js';
import { SharedLedger } from '../../shared/quota/shared-ledger.js';
import type { BlobStore } from '../../shared/storage/blob-store.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { randomFrom } from '../support/random.js';
import { VirtualClock } from '../support/virtual-clock.js';

export const NAME = 'quota/test.json';
export const interactive = (count: number) => ({ interactive: count, background: 0 });

/** The same as a ledger is asked for it. */
export const wanting = (count: number) => () => interactive(count);

/**
 * A store in virtual time and ledgers of several instances over it.
 * @param isNew whether there has never been a ledger; else there is one, and nothing in it
 */
export function setUpLedgers({ perMinute = 100, perHour = 1500, isNew = false } = {}) {
  const time = new VirtualClock();
  const latency = { ms: 20 };
  const store = new MemoryBlobStore(time, { latencyMs: () => latency.ms });
  if (!isNew) {
    const text = writeState({ ...NEW_LEDGER, hasMarker: true });
    store.blobs.set(NAME, { text, etag: '"empty"', lastModifiedMs: time.epochMs() });
    store.blobs.set(`${NAME}.marker`, { text: '{}', etag: '"marker"', lastModifiedMs: time.epochMs() });
  }
  const reports: OperatorAlert[] = [];
  let instances = 0;
  /** @param seen the store as this one sees it */
  const machine = (seen: BlobStore = store) => {
    // Started at other times, and their calendars five minutes apart.
    const clock = time.machine({ originMs: ++instances * 77_777, calendarMs: instances * 300_000 });
    const ledger = new SharedLedger({
      clock,
      store: seen,
      name: NAME,
      random: randomFrom(instances),
      windows: priorityWindows({ perMinute: perMinute, perHour: perHour }, 20),
      report: (report) => reports.push(report),
    });
    return { clock, ledger };
  };
  const instance = () => machine().ledger;
  const state = () => read(store.blobs.get(NAME)?.text ?? '', time.epochMs());
  const logged = () => state()?.log ?? [];
  const total = () => Object.values(store.operations).reduce((sum, count) => sum + count, 0);
  return { time, store, latency, reports, machine, instance, state, logged, total };
}

/** The state that a text holds, where it is one of this version. */
export function read(text: string, nowMs: number): LedgerState | undefined {
  const state = readState(text, nowMs);
  return state === 'later-version' ? undefined : state;
}
