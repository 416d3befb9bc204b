import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { runWithin } from '../base/deadline.js';
import type { Reporter } from '../base/environment.js';
import { type BlobStore, STATE_BLOBS } from '../storage/blob-store.js';
import type { Aged } from './answer-cache.js';
import { alertIpsPolicy, type CacheTimes } from './cache-policy.js';
import { FairSemaphore } from './fair-semaphore.js';
import type { SharedCache } from './lookup.js';
import { isSourceAnswer, type SourceAnswer } from './source.js';

/** What the shared cache is made of. */
export interface SharedCacheParts {
  readonly clock: Clock;
  readonly store: BlobStore;
  readonly times: CacheTimes;
  /** Tells one identity's answers from another's. */
  readonly owner: string;
  readonly report: Reporter;
}

/** The folder of all answers, of whatever owner; the sweep deletes what has expired. */
export const ANSWERS_FOLDER = 'ips/';

/** An answer from the cache is worth no longer wait than this: Defender itself takes as long. */
const READ_TIMEOUT_MS = 1_000;
/**
 * Each operation under way has a socket, since the library's agent opens as many as it is asked for, and a
 * thousand at once are so slow that they run out of time. At 20 ms a read, 32 keep a core busy. Whoever has
 * not had a turn after five seconds goes on without.
 */
const READS = { mostAtOnce: 32, longestWaitMs: 5_000 };
/**
 * Fewer than reads, which somebody waits for. Without a bound a job of 1,000 alerts lost two writes of
 * three.
 */
const WRITES = { mostAtOnce: 16, longestWaitMs: 30_000 };
/** After a failure the store is left alone for this long: every lookup would wait for it in vain. */
const LEAVE_ALONE_MS = 5_000;
/** HTTP dates are whole seconds, so an age taken from two of them can be short by up to one. */
const RESOLUTION_SECONDS = 1;
const VERSION = 1;

/**
 * Alerts' answers that all instances share, one blob each. Their ages are taken from the store's own
 * times. It is a help and never a hindrance: it does not throw.
 */
export class SharedAnswerCache implements SharedCache<SourceAnswer> {
  readonly #parts: SharedCacheParts;
  readonly #reads: FairSemaphore;
  readonly #writes: FairSemaphore;
  #leaveAloneUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: SharedCacheParts) {
    this.#parts = parts;
    this.#reads = new FairSemaphore(parts.clock, READS);
    this.#writes = new FairSemaphore(parts.clock, WRITES);
  }

  async find(alertId: string, request: object): Promise<Aged<SourceAnswer> | undefined> {
    const { clock, store, times } = this.#parts;
    if (Math.max(times.ipsSeconds, times.notFoundSeconds) === 0) return undefined;
    const read = () =>
      runWithin(clock, READ_TIMEOUT_MS, tookTooLong, () => store.read(this.#nameOf(alertId)));
    const found = await this.#reads.run(request, () => this.#try(read));
    if (!found?.blob) return undefined;
    const answer = readAnswer(found.blob.text);
    if (!answer) return undefined;
    const ageSeconds = Math.max(0, Math.round((found.storeTimeMs - found.blob.lastModifiedMs) / 1000));
    const isGood = ageSeconds + RESOLUTION_SECONDS <= alertIpsPolicy(times).ttlSeconds(answer);
    return isGood ? { answer, ageSeconds } : undefined;
  }

  async keep(alertId: string, answer: SourceAnswer): Promise<void> {
    const { store, times } = this.#parts;
    if (alertIpsPolicy(times).ttlSeconds(answer) === 0) return;
    const text = JSON.stringify({ version: VERSION, answer });
    if (Buffer.byteLength(text) > STATE_BLOBS.largestBytes) return; // nobody would read it
    const write = () => store.write(this.#nameOf(alertId), text, 'any');
    await this.#writes.run(this, () => this.#try(write));
  }

  /**
   * A digest: an id can hold anything, and who may list the account needs not learn which alerts there
   * were.
   */
  #nameOf(alertId: string): string {
    const digest = createHash('sha256').update(`${this.#parts.owner}\n${alertId}`).digest('hex');
    return `${ANSWERS_FOLDER}${digest}.json`;
  }

  async #try<T>(operation: () => Promise<T>): Promise<T | undefined> {
    if (this.#isLeftAlone()) return undefined;
    try {
      return await operation();
    } catch (error) {
      if (!this.#isLeftAlone()) this.#leaveAlone(error); // of what fails together the first is reported
      return undefined;
    }
  }

  #isLeftAlone(): boolean {
    return this.#parts.clock.monotonicMs() < this.#leaveAloneUntilMs;
  }

  #leaveAlone(error: unknown): void {
    const { clock, report } = this.#parts;
    this.#leaveAloneUntilMs = clock.monotonicMs() + LEAVE_ALONE_MS;
    report({
      event: 'shared-cache-skipped',
      detail: `Lookups go on without the cache that instances share. ${error instanceof Error ? error.message : ''}`,
    });
  }
}

function tookTooLong(): Error {
  return new Error('The storage account of STATE_STORAGE did not answer in time.');
}

/** @returns undefined for anything that this version has not written */
function readAnswer(text: string): SourceAnswer | undefined {
  try {
    const { version, answer } = JSON.parse(text);
    return version === VERSION && isSourceAnswer(answer) ? answer : undefined;
  } catch {
    return undefined;
  }
}
