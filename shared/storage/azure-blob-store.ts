import { text as readText } from 'node:stream/consumers';
import { isRestError } from '@azure/core-rest-pipeline';
import type { ContainerClient } from '@azure/storage-blob';
import type { Clock } from '../base/clock.js';
import type { BlobPage, BlobStore, Condition, ReadAnswer, WriteAnswer } from './blob-store.js';
import { LazyClient, OPERATION_TIMEOUT_MS } from './lazy-client.js';

/** What a store's blobs are like. */
export interface BlobLimits {
  /** The longest that one operation may take, its one retry included. */
  readonly timeoutMs: number;
  /** Anything larger is not ours and is read as nothing. */
  readonly largestBytes: number;
}

/** State of a few kB. */
export const STATE_BLOBS: BlobLimits = { timeoutMs: OPERATION_TIMEOUT_MS, largestBytes: 4 * 1024 * 1024 };
/** Payloads, and what is made of them: as large as a text can be in this language. */
export const LARGE_BLOBS: BlobLimits = { timeoutMs: 60_000, largestBytes: 512 * 1024 * 1024 };

const PAGE_SIZE = 500;

/** A container of an Azure storage account. Nothing is asked of it before the first operation. */
export class AzureBlobStore implements BlobStore {
  readonly #container: LazyClient<ContainerClient>;
  readonly #largestBytes: number;

  /** @param open makes the client; the library is loaded by it */
  constructor(clock: Clock, { timeoutMs, largestBytes }: BlobLimits, open: () => Promise<ContainerClient>) {
    this.#container = new LazyClient(clock, timeoutMs, open);
    this.#largestBytes = largestBytes;
  }

  read(name: string): Promise<ReadAnswer> {
    return this.#container.run(async (container, signal) => {
      try {
        const answer = await container.getBlobClient(name).download(0, undefined, { abortSignal: signal });
        const { etag = '', lastModified, readableStreamBody: body, contentLength = 0 } = answer;
        const fits = body && contentLength <= this.#largestBytes;
        const text = fits ? await readText(body) : '';
        const blob = { text, etag, lastModifiedMs: lastModified?.getTime() ?? 0 };
        return { blob, storeTimeMs: timeOf(answer.date) };
      } catch (error) {
        const { status, date } = refusal(error);
        if (status === 404) return { blob: undefined, storeTimeMs: timeOf(date) };
        throw error;
      }
    });
  }

  write(name: string, text: string, condition: Condition): Promise<WriteAnswer> {
    return this.#container.run(async (container, signal) => {
      const upload = () =>
        container.getBlockBlobClient(name).upload(text, Buffer.byteLength(text), {
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
        const { status, code, date } = refusal(error);
        // 404 is what a condition on a blob that has gone can bring.
        if (status === 412 || code === 'BlobAlreadyExists' || code === 'BlobNotFound') {
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
        if (![404, 412].includes(refusal(error).status)) throw error; // gone, or written again
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

function conditions(condition: Condition): { ifMatch?: string; ifNoneMatch?: string } {
  if (condition === 'any') return {};
  return condition === 'absent' ? { ifNoneMatch: '*' } : { ifMatch: condition.etag };
}

/** What the service refused with; status 0 when the error is none of the service's. */
function refusal(error: unknown): { status: number; code: string | undefined; date: Date | undefined } {
  if (!isRestError(error) || !error.response) return { status: 0, code: undefined, date: undefined };
  const { status, headers } = error.response;
  const code = headers.get('x-ms-error-code') ?? error.code;
  return { status, code, date: new Date(headers.get('date') ?? '') };
}

/** @throws when an answer does not tell the service's time, without which it is of no use */
function timeOf(date: Date | undefined): number {
  const ms = date?.getTime() ?? Number.NaN;
  if (Number.isNaN(ms)) throw new Error('an answer without a Date');
  return ms;
}
