import type { Clock } from '../base/clock.js';
import { EnrichmentError } from '../base/errors.js';
import type { IpStats } from '../lookup/source.js';
import type { BlobStore } from '../storage/blob-store.js';
import { type EntryFormat, GroupedBlobs } from './grouped-blobs.js';

/**
 * Addresses of one job that are asked about (a choice): what its background share of the quota allows in
 * about two hours. The others come without.
 */
export const MOST_STATS = 2_400;

/** What is known of an address: its statistics, or why there are none. */
type StoredStats =
  | { readonly address: string; readonly stats: IpStats }
  | { readonly address: string; readonly failure: string };

const STATS: EntryFormat<StoredStats> = {
  version: 1,
  member: 'stats',
  isEntry: (value): value is StoredStats => {
    const { address, stats, failure } = (value ?? {}) as { [name: string]: unknown };
    const isKnown = Number.isFinite((stats as IpStats | undefined)?.organizationPrevalence);
    return typeof address === 'string' && (isKnown || typeof failure === 'string');
  },
  weight: () => 25,
};

/** What a job knows of its addresses. */
export interface KnownStats {
  readonly stats: ReadonlyMap<string, IpStats>;
  /** Why an address has none and will have none. */
  readonly failures: ReadonlyMap<string, string>;
}

/** The statistics of one job, as far as they have been looked up. */
export class StatsBlobs {
  readonly #blobs: GroupedBlobs<StoredStats>;

  constructor(clock: Clock, store: BlobStore, folder: string) {
    this.#blobs = new GroupedBlobs(clock, store, folder, STATS);
  }

  /** @throws {StorageError} */
  keep(address: string, stats: IpStats): Promise<void> {
    return this.#blobs.keep([{ address, stats }]);
  }

  /**
   * Notes that waiting does not help.
   * @throws {StorageError}
   */
  keepFailures(failures: ReadonlyMap<string, EnrichmentError>): Promise<void> {
    return this.#blobs.keep([...failures].map(([address, { message }]) => ({ address, failure: message })));
  }

  /** @throws {StorageError} */
  async all(): Promise<KnownStats> {
    const kept = (await this.#blobs.all()).map(({ entry }) => entry);
    return {
      stats: new Map(
        kept.flatMap((entry) => ('stats' in entry ? [[entry.address, entry.stats] as const] : [])),
      ),
      failures: new Map(
        kept.flatMap((entry) => ('failure' in entry ? [[entry.address, entry.failure] as const] : [])),
      ),
    };
  }
}

/** Answers what is known, and asks nobody: so a job's answer is made of what the job has looked up. */
export function knownOnly({ stats, failures }: KnownStats) {
  return {
    find: async (address: string) => {
      const answer = stats.get(address);
      if (answer) return { answer, ageSeconds: 0 };
      throw new EnrichmentError('not-looked-up-yet', failures.get(address) ?? NOT_ASKED);
    },
  };
}

const NOT_ASKED = `The job ended before it had asked about every address: it asks about ${MOST_STATS} at most, and not for ever.`;
