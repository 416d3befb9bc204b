import { createHash } from 'node:crypto';
import type { Clock } from '../clock.js';
import { runWithin } from '../deadline.js';
import type { Reporter } from '../report.js';
import { isSourceAnswer, type SourceAnswer } from '../source.js';
import type { BlobStore } from '../storage/blob-store.js';
import type { Aged } from './answer-cache.js';
import { type CacheTimes, keepAlertIps } from './keeping.js';
import type { SharedCache } from './lookup.js';

/** What the shared cache is made of. */
export interface SharedCacheParts {
  readonly clock: Clock;
  readonly store: BlobStore;
  readonly times: CacheTimes;
  /** Tells one identity's answers from another's. */
  readonly owner: string;
  readonly report: Reporter;
}

/** The folder of all answers, of whatever owner; the sweep empties it. */
export const ANSWERS_FOLDER = 'ips/';

/** An answer from the cache is worth no longer wait than this: Defender itself takes as long. */
const READ_TIMEOUT_MS = 1_000;
/** After a failure the store is left alone for as long: every lookup would wait for it in vain. */
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
  #leaveAloneUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: SharedCacheParts) {
    this.#parts = parts;
  }

  async find(alertId: string): Promise<Aged<SourceAnswer> | undefined> {
    const { clock, store, times } = this.#parts;
    if (Math.max(times.ipsSeconds, times.notFoundSeconds) === 0) return undefined;
    const found = await this.#try(() =>
      runWithin(clock, READ_TIMEOUT_MS, tookTooLong, () => store.read(this.#nameOf(alertId))),
    );
    if (!found?.blob) return undefined;
    const answer = readAnswer(found.blob.text);
    if (!answer) return undefined;
    const ageSeconds = Math.max(0, Math.round((found.storeTimeMs - found.blob.lastModifiedMs) / 1000));
    const isGood = ageSeconds + RESOLUTION_SECONDS <= keepAlertIps(times).seconds(answer);
    return isGood ? { answer, ageSeconds } : undefined;
  }

  async keep(alertId: string, answer: SourceAnswer): Promise<void> {
    const { store, times } = this.#parts;
    if (keepAlertIps(times).seconds(answer) === 0) return;
    const text = JSON.stringify({ version: VERSION, answer });
    await this.#try(() => store.write(this.#nameOf(alertId), text, 'any'));
  }

  /** A digest: an id can hold anything, and who may list the account needs not learn which alerts there were. */
  #nameOf(alertId: string): string {
    const digest = createHash('sha256').update(`${this.#parts.owner}\n${alertId}`).digest('hex');
    return `${ANSWERS_FOLDER}${digest}.json`;
  }

  async #try<T>(operation: () => Promise<T>): Promise<T | undefined> {
    const { clock, report } = this.#parts;
    if (clock.monotonicMs() < this.#leaveAloneUntilMs) return undefined;
    try {
      return await operation();
    } catch (error) {
      this.#leaveAloneUntilMs = clock.monotonicMs() + LEAVE_ALONE_MS;
      report({
        event: 'shared-cache-skipped',
        detail: `Lookups go on without the cache that instances share. ${error instanceof Error ? error.message : ''}`,
      });
      return undefined;
    }
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
