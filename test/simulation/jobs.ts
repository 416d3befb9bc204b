import { QueuePump } from '../../local/host/queue-pump.js';
import type { Clock } from '../../shared/base/clock.js';
import { emitNothing } from '../../shared/base/telemetry-event.js';
import { JobPlaces, JobStore } from '../../shared/jobs/job-store.js';
import { Jobs } from '../../shared/jobs/jobs.js';
import { createLookups, createStatsLookup } from '../../shared/lookup/create-lookups.js';
import type { SourceAnswer, Work } from '../../shared/lookup/source.js';
import { readMessage } from '../../shared/queue-work/message.js';
import { type Priority, priorityWindows } from '../../shared/quota/priorities.js';
import { Quota } from '../../shared/quota/quota.js';
import { SharedLedger } from '../../shared/quota/shared-ledger.js';
import { type CallLog, nextCallTimes, withCalls } from '../../shared/quota/sliding-log.js';
import { HOST_QUEUES } from '../support/host-queues.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { randomFrom } from '../support/random.js';
import { VirtualClock } from '../support/virtual-clock.js';
import { Receiver, underWayMs } from './instances.js';

/** What is simulated: jobs, and callers who wait, beside them. */
export interface JobSimulation {
  readonly instances: number;
  readonly seed: number;
  /** When each job is posted, in milliseconds, and with how many alerts. */
  readonly jobs: readonly { readonly atMs: number; readonly alerts: number }[];
  /** Interactive calls a minute, at random moments. */
  readonly interactivePerMinute: number;
}

/** What came of it. */
export interface JobOutcome {
  /** For each job, from its post to its end. */
  readonly minutes: readonly number[];
  /** Until the last job had ended, and what an all-knowing scheduler would have taken. */
  readonly endMinutes: number;
  readonly optimumMinutes: number;
  /** 429s of the receiver; and interactive calls that got no permit in their time, of how many. */
  readonly refused: number;
  readonly unserved: number;
  readonly interactive: number;
  /** The longest that an interactive call waited for its permit. */
  readonly longestWaitMs: number;
  readonly arrivals: readonly number[];
  /** Calls for each alert of the jobs. */
  readonly calls: ReadonlyMap<string, number>;
  readonly storageOperations: number;
}

const LIMITS = { perMinute: 100, perHour: 1_500, reservePercent: 20 };
const WINDOWS = priorityWindows(
  { perMinute: LIMITS.perMinute, perHour: LIMITS.perHour },
  LIMITS.reservePercent,
);
const INTERACTIVE_PATIENCE_MS = 24_750;
const FOUND: SourceAnswer = { status: 'found', ips: ['192.0.2.1'], unusable: [] };

/** The real jobs, quota, ledger and queue trigger of several instances, in virtual time. */
export async function simulateJobs(simulation: JobSimulation): Promise<JobOutcome> {
  const time = new VirtualClock();
  const random = randomFrom(simulation.seed);
  const store = new MemoryBlobStore(time, { latencyMs: () => 5 + random() * 35 });
  const queue = new MemoryQueue(time);
  const receiver = new Receiver(LIMITS.perMinute, LIMITS.perHour);
  const calls = new Map<string, number>();
  const served = { unserved: 0, longestWaitMs: 0, arrivals: [] as number[] };

  /** One call with a permit, the way it goes to the receiver and back. */
  async function call(quota: Quota, work: Pick<Work, 'untilMs' | 'signal'>, lane: Priority): Promise<void> {
    const permit = await quota.acquire(work, lane);
    await time.sleep(underWayMs(random));
    receiver.arrive(time.monotonicMs());
    await time.sleep(20 + random() * 180);
    permit.settle(true);
  }

  const instances = Array.from({ length: simulation.instances }, () => {
    const clock = machine(time, random);
    const ledger = new SharedLedger({
      clock,
      store,
      name: 'ledger',
      random,
      windows: WINDOWS,
      report: refuse,
    });
    const quota = new Quota(clock, ledger);
    const ask = async (alertId: string, work: Work) => {
      await call(quota, work, 'background');
      calls.set(alertId, (calls.get(alertId) ?? 0) + 1);
      return FOUND;
    };
    const jobs = openJobs({ clock, random, store, queue, quota, ask });
    const pump = new QueuePump({
      clock,
      queue: queue.host,
      poison: new MemoryQueue(time).host,
      settings: HOST_QUEUES,
      handle: async (text, { dequeueCount }) =>
        void (await jobs.work(readMessage(text) ?? refuse(), dequeueCount)),
      onError: refuse,
    });
    return { clock, quota, jobs, pump };
  });
  const anyOf = () => instances[Math.floor(random() * instances.length)] ?? refuse();

  let isOver = false;
  async function interactive(): Promise<void> {
    while (!isOver) {
      await time.sleep((-Math.log(1 - random()) * 60_000) / simulation.interactivePerMinute);
      const { clock, quota } = anyOf();
      const beganMs = time.monotonicMs();
      served.arrivals.push(beganMs);
      const untilMs = clock.monotonicMs() + INTERACTIVE_PATIENCE_MS;
      const waiting = { untilMs: () => untilMs, signal: new AbortController().signal };
      await call(quota, waiting, 'interactive').catch(() => served.unserved++);
      served.longestWaitMs = Math.max(served.longestWaitMs, time.monotonicMs() - beganMs);
    }
  }

  async function runJob({ atMs, alerts }: { atMs: number; alerts: number }, n: number): Promise<number> {
    await time.sleep(atMs);
    const alertIds = Array.from({ length: alerts }, (_, index) => `da${n}11111111111111111_${index}`);
    const post = {
      text: JSON.stringify({ alertIds }),
      alertIds,
      query: '',
      dedupe: `${n}`,
      answers: new Map(),
    };
    const { jobs } = anyOf();
    const { id, token } = await jobs.start(post);
    while ((await jobs.ask(id, token)).kind === 'running') await time.sleep(500);
    return time.monotonicMs() - atMs;
  }

  const callers = interactive();
  const lasted = await time.until(Promise.all(simulation.jobs.map(runJob)));
  isOver = true;
  const endMs = time.monotonicMs();
  await time.until(Promise.all([callers, ...instances.map(({ pump }) => pump.stop())]));
  return {
    minutes: lasted.map((ms) => ms / 60_000),
    endMinutes: endMs / 60_000,
    optimumMinutes: optimumMs(simulation, served.arrivals) / 60_000,
    refused: receiver.refused,
    unserved: served.unserved,
    interactive: served.arrivals.length,
    longestWaitMs: served.longestWaitMs,
    arrivals: receiver.arrivals,
    calls,
    storageOperations: Object.values(store.operations).reduce((sum, count) => sum + count, 0),
  };
}

/** When the last call of all jobs is made by one who knows all, loses no time, and leaves the reserve alone. */
function optimumMs({ jobs }: JobSimulation, interactive: readonly number[]): number {
  let log: CallLog = [];
  const callers = [...interactive];
  let left = jobs.reduce((sum, { alerts }) => sum + alerts, 0);
  for (let nowMs = 0; left > 0; left--) {
    for (;;) {
      const [atMs = nowMs] = nextCallTimes(log, WINDOWS.background, nowMs, 1);
      nowMs = atMs;
      const caller = callers[0];
      if (caller === undefined || caller > nowMs) break;
      callers.shift();
      log = withCalls(log, caller, 1);
    }
    log = withCalls(log, nowMs, 1);
  }
  return log.at(-1) ?? 0;
}

function machine(time: VirtualClock, random: () => number): Clock {
  return time.machine({
    originMs: random() * 1e9,
    calendarMs: (random() - 0.5) * 600_000,
    rate: 1 + (random() - 0.5) * 1e-4,
  });
}

interface Instance {
  readonly clock: Clock;
  readonly random: () => number;
  readonly store: MemoryBlobStore;
  readonly queue: MemoryQueue;
  readonly quota: Quota;
  readonly ask: (alertId: string, work: Work) => Promise<SourceAnswer>;
}

function openJobs({ clock, random, store, queue, quota, ask }: Instance): Jobs {
  const places = new JobPlaces('0'.repeat(32));
  const { backgroundLookup } = createLookups({
    clock,
    emit: emitNothing,
    source: { find: ask },
    times: { ipsSeconds: 300, notFoundSeconds: 300 },
  });
  return new Jobs({
    clock,
    random,
    store,
    places,
    queue,
    poison: queue, // nothing fails
    quota,
    emit: emitNothing,
    report: () => {},
    resultHours: 24,
    perMinute: WINDOWS.background[0]?.limit ?? refuse(),
    jobs: new JobStore({ clock, random, store, large: store, places }),
    lookup: backgroundLookup,
    statsLookup: createStatsLookup({ clock, emit: emitNothing, source: { stats: refuse } }),
    wantsStats: () => false,
    wantedScope: () => 'all',
    wantedSources: () => 'first',
    deliveries: { accept: refuse, deadLetter: refuse },
    render: ({ enrichment }) => ({ status: 200, headers: {}, body: enrichment.status }),
  });
}

function refuse(): never {
  throw new Error('this is not to happen in a simulation');
}
