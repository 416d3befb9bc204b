import { createHash } from 'node:crypto';
import type { Clock } from './clock.js';
import type { Settings } from './config.js';
import { createCredential } from './identity/credential.js';
import type { TokenCache } from './identity/token-cache.js';
import { ANSWERS_FOLDER, SharedAnswerCache } from './lookup/shared-answer-cache.js';
import { BlobLedger } from './quota/blob-ledger.js';
import { laneWindows } from './quota/lanes.js';
import type { Ledger } from './quota/ledger.js';
import { SET_ASIDE } from './quota/ledger-blob.js';
import { MemoryLedger } from './quota/memory-ledger.js';
import type { Reporter } from './report.js';
import type { BlobStore } from './storage/blob-store.js';
import { openBlobStore, type SharedStorage } from './storage/open.js';
import type { SweepRule } from './storage/sweep.js';

/** The state of the app, shared with other instances or its own. */
export interface State {
  readonly store: BlobStore | undefined;
  /** The ledger of one application in one tenant, by which Defender counts. */
  readonly openLedger: (owner: string) => Ledger;
  readonly sharedAnswers: SharedAnswerCache | undefined;
}

/** The folder of all ledgers, and of those set aside. */
const LEDGERS_FOLDER = 'quota/';

/** Wires the state that the settings ask for; nothing is asked of the store yet. */
export function openState(
  settings: Settings,
  world: { readonly clock: Clock; readonly random: () => number; readonly report: Reporter },
  tokens: TokenCache,
): State {
  const { clock, random, report } = world;
  const { perMinute, perHour, reservePercent } = settings.quota;
  const { storage } = settings.state;
  if (storage.kind === 'memory') {
    const openLedger = () => new MemoryLedger(clock, perMinute, perHour, reservePercent);
    return { store: undefined, openLedger, sharedAnswers: undefined };
  }
  const store = openBlobStore(clock, storage, { credential: storageCredential(settings, storage), tokens });
  const windows = laneWindows(perMinute, perHour, reservePercent);
  const nameOf = (owner: string) => digest(settings, owner);
  return {
    store,
    openLedger: (owner) => {
      const name = `${LEDGERS_FOLDER}${nameOf(owner)}.json`;
      return new BlobLedger({ clock, random, report, store, name, windows });
    },
    sharedAnswers: new SharedAnswerCache({
      clock,
      report,
      store,
      owner: nameOf(settings.state.owner),
      times: settings.cache,
    }),
  };
}

const DAY_MS = 86_400_000;
/** Long enough that somebody who was on leave can still find out what happened. */
const SET_ASIDE_KEPT_MS = 30 * DAY_MS;

/** What the daily sweep deletes. */
export function expired({ cache }: Settings): readonly SweepRule[] {
  const longestMs = 1_000 * Math.max(cache.ipsSeconds, cache.notFoundSeconds);
  return [
    { prefix: ANSWERS_FOLDER, containing: '', olderThanMs: longestMs },
    { prefix: LEDGERS_FOLDER, containing: SET_ASIDE, olderThanMs: SET_ASIDE_KEPT_MS },
  ];
}

/** The storage's identity can be another one than Defender's. */
function storageCredential({ identity }: Settings, storage: SharedStorage) {
  const clientId = storage.kind === 'identity' ? storage.clientId : undefined;
  return createCredential({ ...identity, clientId });
}

/** Defender counts by application and tenant; either belongs to one cloud. */
function digest({ cloud }: Settings, owner: string): string {
  return createHash('sha256').update(`${cloud.audience}\n${owner}`).digest('hex').slice(0, 32);
}
