import { RequestError } from '../base/errors.js';
import type { EnrichedPayload, Enricher } from '../enrichment/enrich.js';
import { withoutStats } from '../enrichment/statistics.js';
import { finish, holds } from '../queue-work/work-item.js';
import { type Composition, composeAnswer, lostAnswers } from './compose.js';
import { type Ended, endAsFailed, type FailParts, mustExist, PARTS_MISSING } from './fail.js';
import type { StopSignal } from './in-flight.js';
import type { Job } from './job.js';
import { runSlice } from './slice.js';
import { type KnownStats, MOST_STATS } from './stats.js';
import { digestOfText } from './token.js';
import { type Next, nextSlice } from './transitions.js';

/** The final answer of a job as it is kept. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What ending jobs needs. */
export interface EndParts extends FailParts, Pick<Enricher, 'statsLookup'> {
  /** Whether the options in a job's query ask for statistics. */
  readonly wantsStats: (query: string) => boolean;
  /** Makes the answer that the options in a job's query ask for. */
  readonly render: (enriched: EnrichedPayload, query: string) => KeptAnswer | Promise<KeptAnswer>;
}

/** What the last slice of a job knows beside its state. */
export interface LastSlice {
  readonly by: string;
  /** The job as this worker claimed it. */
  readonly claimed: Job;
  readonly alertIds: readonly string[];
  /** Workers that have died while they made this answer. */
  readonly deaths: number;
  /** Calls that it may make. */
  readonly share: number;
  readonly inFlight: StopSignal;
  /** When what was given up is worth asking for again, on the monotonic clock. */
  readonly retryAtMs?: number | undefined;
}

/** What is left to be done before a job can end. */
export interface NotYet {
  readonly next: Next & { readonly kind: 'slice' };
  /** Lookups that are left. */
  readonly pending: number;
}

/**
 * Makes the final answer and ends the job with it; where statistics are wanted, when they are there, or have
 * been asked for long enough.
 */
export async function end(parts: EndParts, job: Job, last: LastSlice): Promise<Ended | NotYet> {
  const { jobs, deliveries, report } = parts;
  const { id, progress, failures, fruitless, expectedAtMs } = job;
  const { by, claimed, alertIds, retryAtMs } = last;
  const slice = { progress, failures, fruitless, expectedAtMs };
  // Written before the answer is made: a worker that dies of making it can say so no more.
  const begun = mustExist(
    await jobs.change(
      id,
      (before) => ({
        next: holds(before, by) ? { ...before, ...slice, composing: last.deaths + 1 } : undefined,
      }),
      claimed,
    ),
    id,
  );
  if (!begun.next) return 'lost-claim';
  const [text, answers] = await Promise.all([jobs.payload(job), jobs.answers(id, alertIds).all()]);
  if (text === undefined) return endAsFailed(parts, job, { reason: PARTS_MISSING });
  const made = { job, text, alertIds, answers };
  const lost = lostAnswers(made);
  if (lost > 0) {
    const detail = `${lost} answers of the job ${id} are gone from the storage account, or damaged. Their alerts are answered as failed.`;
    report({ event: 'job-damaged', detail });
  }
  let isForwarded = false;
  let answer: KeptAnswer;
  try {
    const looked = parts.wantsStats(job.query) ? await lookUpStats(parts, made, last) : undefined;
    if (looked && 'next' in looked) return looked;
    const enriched = await composeAnswer(parts, made, {
      known: looked,
      retryAtMs: retryAtMs ?? parts.clock.monotonicMs(),
    });
    const delivery = job.forward && (await deliveries.accept(job.forward, enriched));
    isForwarded = delivery !== undefined;
    answer = await parts.render(delivery ? { ...enriched, delivery } : enriched, job.query);
  } catch (error) {
    // What cannot be answered so, such as what would be too large for the receiver; all else is tried again.
    if (!(error instanceof RequestError)) throw error;
    return endAsFailed(parts, job, { reason: error.message, problem: error.kind, isForwarded });
  }
  const { status, headers, body } = answer;
  const digest = await digestOfText(body);
  await jobs.keepResult(id, body);
  const finished = mustExist(
    await jobs.change(
      id,
      (before, atMs) => ({
        before,
        next: finish(before, by, { ...slice, end: { kind: 'answered', atMs, status, headers, digest } }),
      }),
      begun.next,
    ),
    id,
  );
  if (!(finished.next ?? finished.before).end) return 'lost-claim';
  await jobs.stopRunning(id);
  return 'ended';
}

/**
 * Looks up how common the addresses of a job are, as far as its share of the calls goes.
 * @returns what is known of them, when nothing is left to be asked
 */
async function lookUpStats(
  parts: EndParts,
  made: Composition,
  { share, inFlight }: LastSlice,
): Promise<KnownStats | NotYet> {
  const { clock, jobs, statsLookup } = parts;
  const { id, fruitless } = made.job;
  const kept = jobs.stats(id);
  const known = await kept.all();
  const { enrichment } = await composeAnswer(parts, made, { retryAtMs: clock.monotonicMs() });
  const wanted = withoutStats(enrichment.ips).slice(0, MOST_STATS);
  const missing = wanted.filter((address) => !known.stats.has(address) && !known.failures.has(address));
  if (missing.length === 0) return known;
  const slice = await runSlice(
    parts,
    {
      keys: new Map(missing.entries()),
      find: (address, deadline) => statsLookup.find(address, deadline),
      keep: (place, { answer }) => kept.keep(missing[place] ?? '', answer),
      share,
    },
    inFlight,
  );
  await kept.keepFailures(new Map([...slice.failed].map(([place, error]) => [missing[place] ?? '', error])));
  const pending = missing.length - slice.found.length - slice.failed.size;
  const next = nextSlice({ ...slice, fruitless, isStopping: inFlight.isStopping }, clock.monotonicMs());
  return pending > 0 && next.kind === 'slice' ? { next, pending } : kept.all();
}
