import type { Clock } from '../base/clock.js';
import { APP_NAME } from '../base/version.js';
import { type StorageIdentity, tokenCredential } from '../identity/storage-credential.js';
import { AzureBlobStore } from './azure-blob-store.js';
import { AzureQueueStore } from './azure-queue-store.js';
import { type BlobLimits, type BlobStore, STATE_BLOBS } from './blob-store.js';
import type { StateStorage } from './connection.js';
import type { ReadableQueue } from './queue-store.js';

/** The container that this app keeps everything in; several apps may share it. */
export const CONTAINER = APP_NAME;

/**
 * One retry at once, for a connection that was closed while it was idle. The library's `tryTimeoutInMs`
 * is no help: it only asks the service to give up (`timeout=` in the query) and cuts nothing; the
 * store has a time limit of its own.
 */
const RETRIES = { maxTries: 2, retryDelayInMs: 50, maxRetryDelayInMs: 50 };

/** Where state is kept, other than in memory. */
export type SharedStorage = Exclude<StateStorage, { kind: 'memory' }>;

/**
 * The store of a connection. The library is loaded with the first operation, so that a cold start does not
 * pay for it.
 */
export function openBlobStore(
  clock: Clock,
  storage: SharedStorage,
  identity: StorageIdentity,
  limits: BlobLimits = STATE_BLOBS,
): BlobStore {
  return new AzureBlobStore(clock, limits, async () => {
    const { BlobServiceClient } = await import('@azure/storage-blob');
    const options = { retryOptions: RETRIES };
    const service =
      storage.kind === 'connection-string'
        ? BlobServiceClient.fromConnectionString(storage.connectionString, options)
        : new BlobServiceClient(storage.blobUrl, tokenCredential(identity), options);
    return service.getContainerClient(CONTAINER);
  });
}

/** A queue of a connection; the library is loaded with the first message. */
export function openQueueStore(
  clock: Clock,
  storage: SharedStorage,
  identity: StorageIdentity,
  name: string,
): ReadableQueue {
  return new AzureQueueStore(clock, async () => {
    const { QueueServiceClient } = await import('@azure/storage-queue');
    const options = { retryOptions: RETRIES };
    const service =
      storage.kind === 'connection-string'
        ? QueueServiceClient.fromConnectionString(storage.connectionString, options)
        : new QueueServiceClient(storage.queueUrl, tokenCredential(identity), options);
    return service.getQueueClient(name);
  });
}
