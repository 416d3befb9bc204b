import { CallLog } from '../../local/defender/windows.js';
import type { Clock } from '../../shared/base/clock.js';
import { EnrichmentError } from '../../shared/base/errors.js';
import { priorityWindows } from '../../shared/quota/priorities.js';
import { Quota } from '../../shared/quota/quota.js';
import { SharedLedger } from '../../shared/quota/shared-ledger.js';
import type { Condition, WriteAnswer } from '../../shared/storage/blob-store.js';
import { read } from '../quota/ledgers.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { randomFrom } from '../support/random.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** What is simulated. Times in milliseconds. */
export interface Simulation {
  readonly instances: number;
  readonly alerts: number;
  readonly seed: number;
  readonly perMinute: number;
  readonly perHour: number;
}

/** What came of it. */
export interface Outcome {
  /** Until the last alert was answered. */
  readonly minutes: number;
  readonly arrivals: readonly number[];
  /** 429s of the receiver. */
  readonly refused: number;
  /** Alerts that were sent away because the ledger was busy, and came back. */
  readonly busy: number;
  /** Permits that were handed out, and calls that the ledger was ever charged for. */
  readonly granted: number;
  readonly charged: number;
  /** Operations of the store; a write that lost against another instance's is one too. */
  readonly reads: number;
  readonly writes: number;
  readonly lostWrites: number;
}

/** Defender's side: counts calls as they arrive, over both windows, as the simulator on sockets does. */
export class Receiver {
  readonly arrivals: number[] = [];
  refused = 0;
  readonly #log: CallLog;

  constructor(perMinute: number, perHour: number) {
    this.#log = new CallLog([
      { calls: perMinute, windowMs: 60_000 },
      { calls: perHour, windowMs: 3_600_000 },
    ]);
  }

  arrive(atMs: number): void {
    this.arrivals.push(atMs);
    if (this.#log.arrive(atMs) > 0) this.refused++;
  }
}

/**
 * The real quota and the real ledger of several instances in virtual time: they share the alerts, a
 * store with latency, and a receiver to which calls are under way for up to just under the guard.
 */
export async function simulate({
  instances,
  alerts,
  seed,
  perMinute,
  perHour,
}: Simulation): Promise<Outcome> {
  const time = new VirtualClock();
  const random = randomFrom(seed);
  const store = new AuditedStore(time, { latencyMs: () => 5 + random() * 35 });
  const receiver = new Receiver(perMinute, perHour);
  const counts = { granted: 0, busy: 0 };
  const windows = priorityWindows({ perMinute: perMinute, perHour: perHour }, 0);

  const work = Array.from({ length: instances }, (_, n) => {
    const clock = time.machine({
      originMs: random() * 1e9,
      calendarMs: (random() - 0.5) * 600_000,
      rate: 1 + (random() - 0.5) * 1e-4,
    });
    const ledger = new SharedLedger({ clock, store, name: 'ledger', random, windows, report: refuseReport });
    const quota = new Quota(clock, ledger);
    const share = Math.floor(alerts / instances) + (n < alerts % instances ? 1 : 0);
    return Promise.all(Array.from({ length: share }, () => answer(clock, quota)));
  });

  /** One alert's way: permit, call, answer; it comes back when it is told. */
  async function answer(clock: Clock, quota: Quota): Promise<void> {
    const waiting = { untilMs: () => Number.POSITIVE_INFINITY, signal: new AbortController().signal };
    for (;;) {
      try {
        const permit = await quota.acquire(waiting, 'interactive');
        counts.granted++;
        await time.sleep(underWayMs(random));
        receiver.arrive(time.monotonicMs());
        await time.sleep(20 + random() * 180);
        permit.settle(true);
        return;
      } catch (error) {
        if (!(error instanceof EnrichmentError) || error.retryAtMs === undefined) throw error;
        counts.busy++;
        await clock.sleep(error.retryAtMs - clock.monotonicMs());
      }
    }
  }

  await time.until(Promise.all(work));
  const { read: reads, write, refused: lostWrites } = store.operations;
  return {
    minutes: time.monotonicMs() / 60_000,
    arrivals: receiver.arrivals,
    refused: receiver.refused,
    ...counts,
    charged: store.charged,
    reads,
    writes: write + lostWrites,
    lostWrites,
  };
}

/** Counts what each swap adds to the ledger. */
class AuditedStore extends MemoryBlobStore {
  charged = 0;

  override async write(name: string, text: string, condition: Condition): Promise<WriteAnswer> {
    const before = this.blobs.get(name);
    const answer = await super.write(name, text, condition);
    // The blob cannot have changed between: a write over another ETag is refused.
    if (answer.etag) this.charged += added(logOf(before?.text), logOf(text));
    return answer;
  }
}

function logOf(text: string | undefined): readonly number[] {
  return text === undefined ? [] : (read(text, Number.MAX_SAFE_INTEGER)?.log ?? []);
}

/** How many more calls are in the one than in the other, apart from those that have left every window. */
function added(before: readonly number[], after: readonly number[]): number {
  const oldestMs = after[0] ?? Number.POSITIVE_INFINITY;
  return after.length - before.filter((at) => at >= oldestMs).length;
}

/** Mostly short; one in fifty is under way for almost the whole guard. */
export function underWayMs(random: () => number): number {
  return random() < 0.02 ? 800 + random() * 1_100 : 5 + random() * 150;
}

function refuseReport(): never {
  throw new Error('nothing is to be reported in a simulation');
}
