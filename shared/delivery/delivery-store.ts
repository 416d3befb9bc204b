import { createHash } from 'node:crypto';
import { EnrichmentError } from '../base/errors.js';
import { Places } from '../queue-work/blob-names.js';
import { isId, newId } from '../queue-work/message.js';
import { WorkStore, type WorkStoreParts } from '../queue-work/work-store.js';
import type { BlobStore } from '../storage/blob-store.js';
import type { Listed } from '../storage/pages.js';
import { DELIVERY_STATE, type Delivery } from './delivery.js';

/** For so long an equal post is the same one. */
export const REMEMBERED_MS = 3_600_000;
/**
 * For so many days one can ask what became of a delivery. Also in forwarding, http-api, operations and
 * security.
 */
export const DELIVERED_KEPT_DAYS = 7;
/** Long enough that somebody who was on leave can still send it again. */
export const DEAD_KEPT_DAYS = 30;

/**
 * A body of up to this size is kept in the state, which saves two requests to the storage. A choice: an
 * enriched alert has 2 to 20 kB, and the state is written three times.
 */
const LARGEST_INLINE_BYTES = 64 * 1024;

/** Where an app's deliveries are kept. */
export class DeliveryPlaces extends Places {
  constructor(app: string) {
    super('deliveries', app);
  }

  /** Bodies that are too large for their states, by the delivery's id; gone once delivered. */
  get bodies(): string {
    return `${this.folder}bodies/`;
  }

  /** Empty blobs that mark dead letters, the newest first. */
  get dead(): string {
    return `${this.folder}dead/`;
  }

  /** The last failure of each destination. */
  get failures(): string {
    return `${this.folder}failures/`;
  }

  /** Named by its digest too: of two equal posts at the same time each delivery keeps its own body. */
  body({ id, bodyDigest }: Pick<Delivery, 'id' | 'bodyDigest'>): string {
    return bodyDigest === undefined ? `${this.bodies}${id}` : `${this.bodies}${id}/${bodyDigest}`;
  }

  /**
   * The mark of a dead letter. Its name says what a list is filtered by, and sorts the newest first: `-`
   * comes before the ids that version 0.1.0 named its marks by.
   */
  mark({ id, destination }: Delivery, { atMs, body }: { readonly atMs: number; readonly body?: string }) {
    const backwards = String(LAST_MS - atMs).padStart(String(LAST_MS).length, '0');
    return `${this.dead}-${backwards}.${destination}.${body === 'missing' ? 'none' : 'body'}/${id}`;
  }

  /** Reads the name of a mark. */
  readMark({ name, etag }: Pick<Listed, 'name' | 'etag'>): DeadMark {
    const [, backwards, destination, body] =
      /^-(\d+)\.([\w-]+)\.(none|body)\//.exec(name.slice(this.dead.length)) ?? [];
    const id = this.idIn(name);
    if (backwards === undefined || destination === undefined) return { name, etag, id };
    return {
      name,
      etag,
      id,
      facts: { destination, atMs: LAST_MS - Number(backwards), hasBody: body === 'body' },
    };
  }
}

/** The end of the calendar that marks can name: the year 2286. */
const LAST_MS = 9_999_999_999_999;

/** A mark of a dead letter. */
export interface DeadMark {
  readonly name: string;
  readonly etag: string;
  readonly id: string;
  /** Absent for marks of version 0.1.0: their states tell. */
  readonly facts?: { readonly destination: string; readonly atMs: number; readonly hasBody: boolean };
}

/** What the store of deliveries is made of. */
export interface DeliveryStoreParts extends WorkStoreParts {
  /** For large bodies. */
  readonly large: BlobStore;
  readonly places: DeliveryPlaces;
}

/** The last attempt at a destination that failed and is to be repeated. */
export interface LastFailure {
  /** The delivery's. */
  readonly id: string;
  readonly atMs: number;
}

/** Deliveries in blobs. Every method throws {StorageError} when the store is down. */
export class DeliveryStore extends WorkStore<Delivery> {
  readonly #parts: DeliveryStoreParts;

  constructor(parts: DeliveryStoreParts) {
    super(parts, DELIVERY_STATE);
    this.#parts = parts;
  }

  /**
   * Reserves the id of the delivery of a post, or finds the one that an equal post has reserved within the
   * hour. Of equal posts at the same time all get the same.
   *
   * @param key the digest of the idempotency key
   * @param contents the digest of what the post asks for
   * @returns `isNew` when no delivery of this id can be there yet
   * @throws {EnrichmentError} `dedupe-reused` when the key is another post's
   */
  async reserve(
    key: string,
    contents: string,
  ): Promise<{ readonly id: string; readonly isNew: boolean; readonly storeTimeMs: number }> {
    const { store, places } = this.#parts;
    const name = `${places.same}${key}`;
    const id = newId();
    const text = `${id} ${contents}`;
    const first = await store.write(name, text, 'absent');
    if (first.etag !== undefined) return { id, isNew: true, storeTimeMs: first.storeTimeMs };
    for (;;) {
      const { blob, storeTimeMs } = await store.read(name);
      const [reserved = '', of] = blob?.text.split(' ') ?? [];
      if (blob && storeTimeMs - blob.lastModifiedMs < REMEMBERED_MS && isId(reserved)) {
        // Version 0.1.0 wrote the id alone.
        if (of !== undefined && of !== contents) throw dedupeReused();
        return { id: reserved, isNew: false, storeTimeMs };
      }
      const again = await store.write(name, text, blob ? { etag: blob.etag } : 'absent');
      if (again.etag !== undefined) return { id, isNew: true, storeTimeMs: again.storeTimeMs };
    }
  }

  /**
   * Writes what is to be sent, and the delivery, unless there is one of this id already.
   * @param make gets the digest of the body
   * @returns the delivery that there is now
   */
  async accept(body: string, make: (bodyDigest: string) => Delivery): Promise<Delivery | undefined> {
    const { large, places } = this.#parts;
    const delivery = make(digestOf(body));
    if (Buffer.byteLength(body) <= LARGEST_INLINE_BYTES) {
      const whole = { ...delivery, body };
      return (await this.create(whole)) ? whole : (await this.read(delivery.id)).item;
    }
    const { etag } = await large.write(places.body(delivery), body, 'absent');
    if (await this.create(delivery)) return delivery;
    const { item } = await this.read(delivery.id); // an equal post was faster
    const needsBody = item?.bodyDigest === delivery.bodyDigest && item?.end?.kind !== 'delivered';
    if (!needsBody && etag !== undefined) await large.delete(places.body(delivery), etag);
    return item;
  }

  /** What is to be sent; `changed` when it is not what was accepted. */
  async body(delivery: Delivery): Promise<Body | 'missing' | 'changed'> {
    const { large, places } = this.#parts;
    const { body, bodyDigest } = delivery;
    const found = body === undefined ? (await large.read(places.body(delivery))).blob : { text: body };
    if (!found?.text) return 'missing';
    return bodyDigest === undefined || digestOf(found.text) === bodyDigest ? found : 'changed';
  }

  /** Deletes a body that is not in the state. */
  async deleteBody(delivery: Delivery, { etag }: Body): Promise<void> {
    const { large, places } = this.#parts;
    if (etag !== undefined) await large.delete(places.body(delivery), etag);
  }

  /** Marks a dead letter; does nothing for any other delivery. */
  async markDead(delivery: Delivery): Promise<void> {
    const { store, places } = this.#parts;
    if (delivery.end?.kind !== 'dead-lettered') return;
    await store.write(places.mark(delivery, delivery.end), '', 'any');
  }

  /** Deletes the mark that a dead letter has, or had before it was redriven. */
  async unmarkDead(dead: Delivery): Promise<void> {
    const { store, places } = this.#parts;
    if (dead.end?.kind !== 'dead-lettered') return;
    for (const name of [places.mark(dead, dead.end), `${places.dead}${dead.id}`]) {
      const { blobs } = await store.list(name);
      for (const { etag } of blobs) await store.delete(name, etag);
    }
  }

  /** Deletes a mark. */
  async deleteMark({ name, etag }: DeadMark): Promise<void> {
    await this.#parts.store.delete(name, etag);
  }

  /**
   * Marks of dead letters, a page at a time, the newest first.
   * @param after `next` of the page before
   */
  async deadMarks(
    after?: string,
  ): Promise<{ readonly marks: readonly DeadMark[]; readonly next: string | undefined }> {
    const { store, places } = this.#parts;
    const { blobs, next } = await store.list(places.dead, after);
    return { marks: blobs.map((blob) => places.readMark(blob)), next };
  }

  /** Keeps which delivery failed last, for the doctor. */
  async keepFailure(destination: string, failure: LastFailure): Promise<void> {
    const { store, places } = this.#parts;
    await store.write(`${places.failures}${destination}`, JSON.stringify(failure), 'any');
  }

  /** The last failure at a destination; undefined when there is none, or none that can be read. */
  async lastFailure(destination: string): Promise<LastFailure | undefined> {
    const { store, places } = this.#parts;
    const { blob } = await store.read(`${places.failures}${destination}`);
    try {
      const failure = JSON.parse(blob?.text ?? '');
      return isId(failure.id) ? failure : undefined;
    } catch {
      return undefined;
    }
  }
}

/** What is to be sent. */
export interface Body {
  readonly text: string;
  /** Absent when it is in the state. */
  readonly etag?: string;
}

/** SHA-256, in hexadecimal. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What a caller is told whose idempotency key was used for another post. */
export function dedupeReused(): EnrichmentError {
  return new EnrichmentError(
    'dedupe-reused',
    'This value of dedupe was used within the hour for a post with another body or other options, and nothing was done ' +
      'with this one. Use a value of its own for each alert, or leave dedupe out.',
  );
}
