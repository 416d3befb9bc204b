import { createHash } from 'node:crypto';
import type { Environment } from '../base/environment.js';
import { DeliveryPlaces, REMEMBERED_MS } from '../delivery/delivery-store.js';
import { createCredential } from '../identity/credential.js';
import type { TokenCache } from '../identity/token-cache.js';
import { JobPlaces } from '../jobs/job-store.js';
import { ANSWERS_FOLDER, SharedAnswerCache } from '../lookup/shared-answer-cache.js';
import type { Places } from '../queue-work/blob-names.js';
import { SET_ASIDE } from '../quota/compare-and-swap.js';
import type { Ledger } from '../quota/ledger.js';
import { MemoryLedger } from '../quota/memory-ledger.js';
import { priorityWindows } from '../quota/priorities.js';
import { SharedLedger } from '../quota/shared-ledger.js';
import type { Limits } from '../quota/sliding-log.js';
import { type BlobStore, LARGE_BLOBS } from '../storage/blob-store.js';
import { openBlobStore, openQueueStore, type SharedStorage } from '../storage/open.js';
import type { ReadableQueue } from '../storage/queue-store.js';
import type { SweepRule } from '../storage/sweep.js';
import type { Settings } from './settings.js';

/** The state of the app, shared with other instances or its own. */
export interface State {
  /**
   * The ledger of one application at one source.
   * @param key tells it from all others
   */
  readonly openLedger: (key: string, limits: Limits) => Ledger;
  /** The answers that instances share, of one application at one source; absent where nothing is shared. */
  readonly openSharedAnswers: ((key: string) => SharedAnswerCache) | undefined;
  /** What instances share; absent when there is only this one. */
  readonly shared: SharedState | undefined;
}

/** Where state that outlives a process is kept. */
export interface SharedState {
  readonly store: BlobStore;
  /** The same for payloads, and for what is made of them. */
  readonly large: BlobStore;
  readonly jobs: WorkPlace<JobPlaces>;
  readonly deliveries: WorkPlace<DeliveryPlaces>;
  /** The name of the connection, for triggers. */
  readonly connection: string;
}

/** Where one kind of work that is put off is kept. */
export interface WorkPlace<P extends Places> {
  readonly places: P;
  readonly queue: ReadableQueue;
  /** Where the host puts messages that could not be worked on. */
  readonly poison: ReadableQueue;
}

/** The folder of all ledgers, and of those set aside. */
const LEDGERS_FOLDER = 'quota/';

/** Wires the state that the settings ask for; nothing is asked of the store yet. */
export function openState(settings: Settings, environment: Environment, tokens: TokenCache): State {
  const { clock, random, report } = environment;
  const windows = (limits: Limits) => priorityWindows(limits, settings.quota.reservePercent);
  const { storage } = settings.state;
  if (storage.kind === 'memory') {
    const openLedger: State['openLedger'] = (_key, limits) => new MemoryLedger(clock, windows(limits));
    return { openLedger, openSharedAnswers: undefined, shared: undefined };
  }
  const identity = { credential: storageCredential(settings, storage), tokens };
  const store = openBlobStore(clock, storage, identity);
  const app = digest(settings.state.app);
  const workPlace = <P extends Places>(places: P): WorkPlace<P> => ({
    places,
    queue: openQueueStore(clock, storage, identity, places.queue),
    poison: openQueueStore(clock, storage, identity, places.poisonQueue),
  });
  return {
    openLedger: (key, limits) => {
      const name = `${LEDGERS_FOLDER}${digest(key)}.json`;
      return new SharedLedger({ clock, random, report, store, name, windows: windows(limits) });
    },
    openSharedAnswers: (key) =>
      new SharedAnswerCache({ clock, report, store, owner: digest(key), times: settings.cache }),
    shared: {
      store,
      large: openBlobStore(clock, storage, identity, LARGE_BLOBS),
      jobs: workPlace(new JobPlaces(app)),
      deliveries: workPlace(new DeliveryPlaces(app)),
      connection: storage.connection,
    },
  };
}

const DAY_MS = 86_400_000;
/** Long enough that somebody who was on leave can still find out what happened. */
const SET_ASIDE_KEPT_MS = 30 * DAY_MS;

/**
 * The longest that IPS_CACHE_SECONDS can say: the account may hold answers of other apps, with other
 * settings.
 */
const ANSWERS_KEPT_MS = DAY_MS;

/**
 * What the daily sweep deletes. Of ledgers only those that were set aside: the others are in use, and small.
 */
export function sweepRules({ deliveries }: Pick<SharedState, 'deliveries'>): readonly SweepRule[] {
  return [
    { prefix: ANSWERS_FOLDER, containing: '', olderThanMs: ANSWERS_KEPT_MS },
    { prefix: deliveries.places.same, containing: '', olderThanMs: REMEMBERED_MS },
    { prefix: LEDGERS_FOLDER, containing: SET_ASIDE, olderThanMs: SET_ASIDE_KEPT_MS },
  ];
}

/** The storage's identity can be another one than Defender's. */
function storageCredential({ identity }: Settings, storage: SharedStorage) {
  const clientId = storage.kind === 'identity' ? storage.clientId : undefined;
  return createCredential({ ...identity, clientId });
}

/** Names of any length and characters, as a part of a blob's or queue's name. */
function digest(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}
