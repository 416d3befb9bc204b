import type { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { isRestError } from '@azure/core-rest-pipeline';
import type { BlobDownloadResponseParsed, ContainerClient } from '@azure/storage-blob';
import type { Clock } from '../base/clock.js';
import {
  type BlobLimits,
  type BlobPage,
  type BlobStore,
  type Condition,
  type ReadAnswer,
  refuseTooLarge,
  type StoredBlob,
  type WriteAnswer,
} from './blob-store.js';
import { LazyClient } from './lazy-client.js';

/** A choice: most sweeps and lists then take one request. The service sends at most 5,000 a page. */
const PAGE_SIZE = 500;

/** A container of an Azure storage account. Nothing is asked of it before the first operation. */
export class AzureBlobStore implements BlobStore {
  readonly #container: LazyClient<ContainerClient>;
  readonly #limits: BlobLimits;

  /** @param open makes the client; the library is loaded by it */
  constructor(clock: Clock, limits: BlobLimits, open: () => Promise<ContainerClient>) {
    this.#container = new LazyClient(clock, limits.timeoutMs, open);
    this.#limits = limits;
  }

  read(name: string): Promise<ReadAnswer> {
    return this.#container.run(async (container, signal) => {
      try {
        const answer = await container.getBlobClient(name).download(0, undefined, { abortSignal: signal });
        const blob = await readBlob(answer, this.#limits.largestBytes);
        return { blob, storeTimeMs: timeOf(answer.date) };
      } catch (error) {
        const { code, date } = refusal(error);
        if (isAbsent(code)) return { blob: undefined, storeTimeMs: timeOf(date) };
        throw error;
      }
    });
  }

  write(name: string, text: string, condition: Condition): Promise<WriteAnswer> {
    return this.#container.run(async (container, signal) => {
      const bytes = Buffer.byteLength(text);
      refuseTooLarge(name, bytes, this.#limits);
      const upload = () =>
        container.getBlockBlobClient(name).upload(text, bytes, {
          abortSignal: signal,
          conditions: conditions(condition),
          blobHTTPHeaders: { blobContentType: 'application/json' },
        });
      try {
        const { etag, date } = await upload().catch(async (error: unknown) => {
          if (refusal(error).code !== 'ContainerNotFound') throw error;
          await container.createIfNotExists({ abortSignal: signal });
          return upload();
        });
        return { etag, storeTimeMs: timeOf(date) };
      } catch (error) {
        const { code, date } = refusal(error);
        // BlobNotFound is what a condition on a blob that was deleted can bring.
        if (code === 'ConditionNotMet' || code === 'BlobAlreadyExists' || code === 'BlobNotFound') {
          return { etag: undefined, storeTimeMs: timeOf(date) };
        }
        throw error;
      }
    });
  }

  delete(name: string, etag: string): Promise<void> {
    return this.#container.run(async (container, signal) => {
      try {
        const options = { abortSignal: signal, conditions: { ifMatch: etag } };
        await container.getBlobClient(name).delete(options);
      } catch (error) {
        const { code } = refusal(error);
        if (!isAbsent(code) && code !== 'ConditionNotMet') throw error; // deleted, or written again
      }
    });
  }

  list(prefix: string, after?: string): Promise<BlobPage> {
    return this.#container.run(async (container, signal) => {
      try {
        const pages = container
          .listBlobsFlat({ prefix, abortSignal: signal })
          .byPage({ maxPageSize: PAGE_SIZE, ...(after ? { continuationToken: after } : {}) });
        const { value: page } = await pages.next();
        const blobs = (page.segment.blobItems as ListedBlob[]).map(({ name, properties }) => ({
          name,
          etag: `"${properties.etag.replaceAll('"', '')}"`, // listed without the quotes that a condition wants
          lastModifiedMs: properties.lastModified.getTime(),
        }));
        return { blobs, next: page.continuationToken || undefined, storeTimeMs: timeOf(page.date) };
      } catch (error) {
        const { code, date } = refusal(error);
        if (code === 'ContainerNotFound') return { blobs: [], next: undefined, storeTimeMs: timeOf(date) };
        throw error;
      }
    });
  }
}

interface ListedBlob {
  readonly name: string;
  readonly properties: { readonly etag: string; readonly lastModified: Date };
}

/**
 * The blob of an answer. A body that is not read to its end is destroyed: it would fail with its connection,
 * and a failure that nobody hears ends the process. The library has refused an answer without Content-Length
 * or ETag, and fails a body that does not keep to its length.
 */
async function readBlob(
  { etag, lastModified, contentLength, readableStreamBody: body }: BlobDownloadResponseParsed,
  largestBytes: number,
): Promise<StoredBlob> {
  const stream = body as Readable;
  try {
    if (!etag || !lastModified || contentLength === undefined)
      throw new Error('not the answer of a blob service');
    const blob = { etag, lastModifiedMs: lastModified.getTime() };
    if (contentLength > largestBytes) return { ...blob, text: '', unreadBytes: contentLength };
    return { ...blob, text: await readText(stream) };
  } finally {
    stream.destroy();
  }
}

function conditions(condition: Condition): { ifMatch?: string; ifNoneMatch?: string } {
  if (condition === 'any') return {};
  return condition === 'absent' ? { ifNoneMatch: '*' } : { ifMatch: condition.etag };
}

/**
 * Whether the service said that there is no such blob. The status alone does not: a proxy's page and a wrong
 * address are 404, too. https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
 */
function isAbsent(code: string | undefined): boolean {
  return code === 'BlobNotFound' || code === 'ContainerNotFound';
}

/** What the service refused with; nothing when the error is none of the service's. */
function refusal(error: unknown): { code?: string | undefined; date?: Date } {
  if (!isRestError(error) || !error.response) return {};
  const { headers } = error.response;
  return { code: headers.get('x-ms-error-code') ?? error.code, date: new Date(headers.get('date') ?? '') };
}

/** @throws when an answer does not tell the service's time, without which it is of no use */
function timeOf(date: Date | undefined): number {
  const ms = date?.getTime() ?? Number.NaN;
  if (Number.isNaN(ms)) throw new Error('an answer without a Date');
  return ms;
}
