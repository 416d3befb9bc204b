import { QueuePump } from '../../local/host/queue-pump.js';
import type { OperatorAlert } from '../../shared/base/environment.js';
import { EnrichmentError, QuotaError } from '../../shared/base/errors.js';
import { emitNothing } from '../../shared/base/telemetry-event.js';
import type { EnrichedPayload } from '../../shared/enrichment/enrich.js';
import { JobStore } from '../../shared/jobs/job-store.js';
import { Jobs, type JobsParts } from '../../shared/jobs/jobs.js';
import { JobPlaces } from '../../shared/jobs/places.js';
import { createLookups, createStatsLookup } from '../../shared/lookup/create-lookups.js';
import type { SourceAnswer, Work } from '../../shared/lookup/source.js';
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

const FOUND: SourceAnswer = { status: 'found', ips: ['192.0.2.1'], unusable: [] };

/** Jobs with everything around them in memory and in virtual time; one worker after the other. */
export function openJobsFixture({ random = (): number => 0.5, latencyMs = (): number => 0 } = {}) {
  const clock = new VirtualClock();
  const store = new MemoryBlobStore(clock, { latencyMs });
  const queue = new MemoryQueue(clock);
  const poison = new MemoryQueue(clock);
  const places = new JobPlaces('0'.repeat(32));
  const quota = new Quota(
    clock,
    new MemoryLedger(clock, priorityWindows({ perMinute: 100, perHour: 1_500 }, 20)),
  );
  const calls: string[] = [];
  const pumps: QueuePump[] = [];
  const errors: unknown[] = [];
  const reports: OperatorAlert[] = [];
  const fixture = {
    clock,
    store,
    queue,
    poison,
    places,
    quota,
    /** Alert ids in the order of their calls. */
    calls,
    errors,
    reports,
    /** What was forwarded, by the delivery's id, and what could not be and became a dead letter. */
    forwarded: new Map<string, EnrichedPayload>(),
    deadLetters: new Map<string, string | undefined>(),
    /** Called before something is forwarded, to fail. */
    onForward: () => {},
    upstream: (() => FOUND) as Upstream,
    /** A new instance of the app: nothing of another one's memory is in it. */
    jobs: (): Jobs => new Jobs(partsOf()),
    /** Lets an instance work on what is in the queue. */
    startWorker(jobs = new Jobs(partsOf())): QueuePump {
      const options = { clock, queue: queue.host, poison: poison.host, settings: HOST_QUEUES };
      const pump = new QueuePump({
        ...options,
        handle: async (text) => void (await jobs.work(readMessage(text) ?? refuse())),
        onError: (error) => errors.push(error),
      });
      const poisonPump = new QueuePump({
        ...options,
        queue: poison.host,
        poison: undefined,
        handle: async (text) => jobs.giveUp(readMessage(text) ?? refuse()),
        onError: (error) => errors.push(error),
      });
      pumps.push(pump, poisonPump);
      return pump;
    },
    /** What the queue holds, oldest first, decoded. */
    messages: () =>
      [...queue.messages.values()].map(({ text }) => readMessage(Buffer.from(text, 'base64').toString())),
    /** Nobody works any more. */
    close: () => clock.until(Promise.all(pumps.splice(0).map((pump) => pump.stop()))),
  };

  async function ask(alertId: string, work: Work): Promise<SourceAnswer> {
    const permit = await quota.acquire(work, 'background');
    calls.push(alertId);
    const number = calls.length;
    try {
      await clock.sleep(100, work.signal);
      const answer = fixture.upstream(alertId, number);
      if (answer instanceof Error) throw answer;
      return answer;
    } finally {
      permit.settle(true);
    }
  }

  function partsOf(): JobsParts {
    const { backgroundLookup } = createLookups({
      clock,
      emit: emitNothing,
      source: { find: ask },
      times: { ipsSeconds: 300, notFoundSeconds: 300 },
    });
    return {
      clock,
      queue,
      poison,
      quota,
      emit: emitNothing,
      report: (report) => void reports.push(report),
      resultHours: 24,
      perMinute: 80, // what the reserve leaves of 100
      jobs: new JobStore({ clock, random, store, large: store, places }),
      lookup: backgroundLookup,
      statsLookup: createStatsLookup({ clock, emit: emitNothing, source: { stats: refuse } }),
      wantsStats: () => false,
      wantedScope: () => 'all',
      wantedSources: () => 'first',
      renderError: ({ kind }) => ({ status: 413, headers: {}, body: JSON.stringify({ kind }) }),
      deliveries: {
        accept: async ({ id, destination }, enriched) => {
          fixture.onForward();
          fixture.forwarded.set(id, enriched);
          return { id, destination, status: 'queued' };
        },
        deadLetter: async ({ id }, text) => void fixture.deadLetters.set(id, text),
      },
      render: ({ enrichment, delivery }) => {
        const body = JSON.stringify({ ...enrichment, delivery });
        return { status: 200, headers: {}, body };
      },
    };
  }

  return fixture;
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
