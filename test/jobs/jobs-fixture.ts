import { QueuePump } from '../../local/host/queue-pump.js';
import type { OperatorAlert } from '../../shared/base/environment.js';
import { EnrichmentError, QuotaError } from '../../shared/base/errors.js';
import { emitNothing } from '../../shared/base/telemetry-event.js';
import type { EnrichedPayload } from '../../shared/enrichment/enrich.js';
import { JobPlaces, JobStore } from '../../shared/jobs/job-store.js';
import { Jobs, type JobsParts } from '../../shared/jobs/jobs.js';
import { createLookups, createStatsLookup } from '../../shared/lookup/create-lookups.js';
import type { IpStats, SourceAnswer, Work } from '../../shared/lookup/source.js';
import { readMessage } from '../../shared/queue-work/message.js';
import { MemoryLedger } from '../../shared/quota/memory-ledger.js';
import { priorityWindows } from '../../shared/quota/priorities.js';
import { Quota } from '../../shared/quota/quota.js';
import { HOST_QUEUES } from '../support/host-queues.js';
import { MemoryBlobStore } from '../support/memory-blob-store.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** What an upstream of a test does with the n-th call. */
export type Upstream = (alertId: string, call: number) => SourceAnswer | Error;

const COMMON: IpStats = { organizationPrevalence: 7, firstSeen: null, lastSeen: null };
const FOUND: SourceAnswer = { status: 'found', ips: ['192.0.2.1'], unusable: [] };

/** Jobs with everything around them in memory and in virtual time; one worker after the other. */
export function openJobsFixture({
  random = (): number => 0.5,
  latencyMs = (): number => 0,
  hasQuota = true,
} = {}) {
  const clock = new VirtualClock();
  const store = new MemoryBlobStore(clock, { latencyMs });
  const queue = new MemoryQueue(clock);
  const poison = new MemoryQueue(clock);
  const places = new JobPlaces('0'.repeat(32));
  const ledger = new MemoryLedger(clock, priorityWindows({ perMinute: 100, perHour: 1_500 }, 20));
  const calls: string[] = [];
  const statsCalls: string[] = [];
  const pumps: QueuePump[] = [];
  const errors: unknown[] = [];
  const reports: OperatorAlert[] = [];
  const fixture = {
    clock,
    store,
    queue,
    poison,
    places,
    quota: new Quota(clock, ledger),
    /** Alert ids in the order of their calls. */
    calls,
    errors,
    reports,
    resultHours: 24,
    /** What was forwarded, by the delivery's id, and what could not be and became a dead letter. */
    forwarded: new Map<string, EnrichedPayload>(),
    deadLetters: new Map<string, string | undefined>(),
    /** Called before something is forwarded, to fail. */
    onForward: () => {},
    /** Called when an answer is made; it may kill the process that makes it. */
    onRender: (_enriched: EnrichedPayload, _die: () => void): void => {},
    /** Awaited in each call to the upstream. */
    onCall: (_alertId: string): Promise<void> | undefined => undefined,
    upstream: (() => FOUND) as Upstream,
    /** What is said of an address. */
    stats: ((_address: string) => COMMON) as (address: string) => IpStats | Error,
    /** Addresses in the order of their calls. */
    statsCalls,
    /** A new instance of the app: nothing of another one's memory is in it. */
    jobs: (): Jobs => new Jobs(partsOf()),
    /** Lets an instance work on what is in the queue. */
    startWorker(jobs = new Jobs(partsOf())): QueuePump {
      return pump(() => ({ jobs, death: new Promise(() => {}) }))[0];
    },
    /** The same for a host that lives on when its worker process dies, and starts another one. */
    startHost() {
      const life = { isOver: false };
      let worker = mortalWorker();
      const [work, giveUp] = pump(() => worker, life);
      const kill = () => {
        worker.die();
        worker = mortalWorker();
      };
      /** The whole instance ends, and its messages stay leased; others have a quota of their own. */
      const end = () => {
        life.isOver = true;
        worker.die();
        for (const one of [work, giveUp]) {
          pumps.splice(pumps.indexOf(one), 1);
          void one.stop();
        }
        fixture.quota = new Quota(clock, ledger);
      };
      return { kill, end, jobs: () => worker.jobs };
    },
    /** What the queue holds, oldest first, decoded. */
    messages: () =>
      [...queue.messages.values()].map(({ text }) => readMessage(Buffer.from(text, 'base64').toString())),
    /** Nobody works any more. */
    close: () => clock.until(Promise.all(pumps.splice(0).map((pump) => pump.stop()))),
  };

  interface Worker {
    readonly jobs: Jobs;
    /** Rejects when the process dies. */
    readonly death: Promise<never>;
  }

  /** A worker process that can be killed: nothing that it does has any effect from then on. */
  function mortalWorker() {
    const life = { isOver: false };
    let reject: (error: Error) => void = () => {};
    const death = new Promise<never>((_resolve, rejectIt) => {
      reject = rejectIt;
    });
    death.catch(() => {});
    const die = () => {
      life.isOver = true;
      reject(new Error('The worker died.'));
    };
    return { jobs: new Jobs(partsOf(life, die)), death, die };
  }

  /** The host's two queue triggers. What a worker was at when it died has failed. */
  function pump(worker: () => Worker, life = { isOver: false }): [QueuePump, QueuePump] {
    const host = { queue: mortal(queue.host, life), poison: mortal(poison.host, life) };
    const options = { clock, ...host, settings: HOST_QUEUES };
    const run = (what: (jobs: Jobs) => Promise<unknown>) => {
      const { jobs, death } = worker();
      return Promise.race([what(jobs), death]).then(() => {});
    };
    const work = new QueuePump({
      ...options,
      handle: (text, { dequeueCount }) =>
        run((jobs) => jobs.work(readMessage(text) ?? refuse(), dequeueCount)),
      onError: (error) => errors.push(error),
    });
    const giveUp = new QueuePump({
      ...options,
      queue: host.poison,
      poison: undefined,
      handle: (text) => run((jobs) => jobs.giveUp(readMessage(text) ?? refuse())),
      onError: (error) => errors.push(error),
    });
    pumps.push(work, giveUp);
    return [work, giveUp];
  }

  async function ask(alertId: string, work: Work): Promise<SourceAnswer> {
    const permit = hasQuota ? await fixture.quota.acquire(work, 'background') : { settle: () => {} };
    calls.push(alertId);
    const number = calls.length;
    try {
      await clock.sleep(100, work.signal);
      await fixture.onCall(alertId);
      const answer = fixture.upstream(alertId, number);
      if (answer instanceof Error) throw answer;
      return answer;
    } finally {
      permit.settle(true);
    }
  }

  async function askStats(address: string, work: Work): Promise<IpStats> {
    const permit = hasQuota ? await fixture.quota.acquire(work, 'background') : { settle: () => {} };
    statsCalls.push(address);
    try {
      await clock.sleep(100, work.signal);
      const stats = fixture.stats(address);
      if (stats instanceof Error) throw stats;
      return stats;
    } finally {
      permit.settle(true);
    }
  }

  function partsOf(life = { isOver: false }, die = refuse as () => void): JobsParts {
    const mine = { store: mortal(store, life), queue: mortal(queue, life) };
    const { backgroundLookup } = createLookups({
      clock,
      emit: emitNothing,
      source: { find: ask },
      times: { ipsSeconds: 300, notFoundSeconds: 300 },
    });
    return {
      clock,
      random,
      store: mine.store,
      places,
      queue: mine.queue,
      poison,
      quota: fixture.quota,
      emit: emitNothing,
      report: (report) => void reports.push(report),
      resultHours: fixture.resultHours,
      perMinute: hasQuota ? 80 : 100_000, // what the reserve leaves of 100
      jobs: new JobStore({ clock, random, store: mine.store, large: mine.store, places }),
      lookup: backgroundLookup,
      statsLookup: createStatsLookup({ clock, emit: emitNothing, source: { stats: askStats } }),
      wantsStats: (query) => query.includes('stats=true'),
      wantedScope: () => 'all',
      wantedSources: () => 'first',
      deliveries: {
        accept: async ({ id, destination }, enriched) => {
          fixture.onForward();
          fixture.forwarded.set(id, enriched);
          return { id, destination, status: 'queued' };
        },
        deadLetter: async ({ id }, text) => void fixture.deadLetters.set(id, text),
      },
      render: (enriched) => {
        fixture.onRender(enriched, die);
        const { enrichment, delivery } = enriched;
        const body = JSON.stringify({ ...enrichment, delivery });
        return { status: 200, headers: {}, body };
      },
    };
  }

  return fixture;
}

/** What a process has of something outside: when its life is over, nothing comes back any more. */
function mortal<T extends object>(outside: T, life: { readonly isOver: boolean }): T {
  return new Proxy(outside, {
    get: (target, name) => {
      const member = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => (life.isOver ? new Promise(() => {}) : member.apply(target, args));
    },
  });
}

export type JobsFixture = ReturnType<typeof openJobsFixture>;

/** A post of so many alerts. */
export function post(count: number, prefix = 'da637472900382838869_') {
  const alertIds = Array.from({ length: count }, (_, n) => `${prefix}${n + 1}`);
  const text = JSON.stringify({ alertIds });
  return { text, alertIds, query: '', dedupe: undefined, answers: new Map() };
}

/** An upstream that is away, and one that refuses for good. */
export const away = (retryAtMs: number) =>
  new EnrichmentError('upstream-unavailable', 'It is away.', { retryAtMs });
export const forbidden = () => new EnrichmentError('permission-missing', 'It is forbidden.');
export const throttled = (retryAtMs: number) => new QuotaError('It said 429.', { retryAtMs });

function refuse(): never {
  throw new Error('this is not to happen in this test');
}
