import { isId, newId } from '../queue-work/message.js';
import type { BlobStore } from '../storage/blob-store.js';
import { type ChangeParts, Changes, readState } from '../storage/change.js';
import { DELIVERY_TEXT, type Delivery } from './delivery.js';
import type { DeliveryPlaces } from './places.js';

/** What the store of deliveries is made of. */
export interface DeliveryStoreParts extends ChangeParts {
  /** For bodies. */
  readonly large: BlobStore;
  readonly places: DeliveryPlaces;
}

/** A delivery and the store's time when it was read. */
export interface StoredDelivery {
  readonly delivery: Delivery | undefined;
  readonly storeTimeMs: number;
}

/** For so long an equal post is the same one. */
export const REMEMBERED_MS = 3_600_000;

/** Deliveries in blobs. Every method throws {StorageError} when the store is down. */
export class DeliveryStore {
  readonly #parts: DeliveryStoreParts;
  readonly #changes: Changes<Delivery>;

  constructor(parts: DeliveryStoreParts) {
    this.#parts = parts;
    this.#changes = new Changes(parts, DELIVERY_TEXT);
  }

  /**
   * The id of the delivery that a post with this digest begins, or began within the hour. Of equal
   * posts at the same time all get the same.
   */
  async idFor(digest: string): Promise<string> {
    const { store, places } = this.#parts;
    const name = `${places.same}${digest}`;
    for (;;) {
      const { blob, storeTimeMs } = await store.read(name);
      const isYoung = blob && storeTimeMs - blob.lastModifiedMs < REMEMBERED_MS;
      if (isYoung && isId(blob.text)) return blob.text;
      const id = newId();
      const { etag } = await store.write(name, id, blob ? { etag: blob.etag } : 'absent');
      if (etag !== undefined) return id; // else an equal post was faster, and its id is young
    }
  }

  async read(id: string): Promise<StoredDelivery> {
    const { clock, store, places } = this.#parts;
    const { blob, storeTimeMs } = await store.read(places.state(id));
    return { delivery: readState(DELIVERY_TEXT, blob, clock.monotonicMs()), storeTimeMs };
  }

  /**
   * Writes what shall be sent, and then the delivery, unless there is one of this id already.
   * @param make gets the store's time
   * @returns the one that there is now
   */
  async create(id: string, body: string, make: (nowMs: number) => Delivery): Promise<StoredDelivery> {
    const { store, large, places } = this.#parts;
    const { storeTimeMs } = await large.write(places.body(id), body, 'any');
    const delivery = make(storeTimeMs);
    const { etag } = await store.write(places.state(id), DELIVERY_TEXT.write(delivery), 'absent');
    return etag === undefined ? this.read(id) : { delivery, storeTimeMs };
  }

  /**
   * Changes a delivery by compare-and-swap.
   * @param decide pure, for it may be asked again; says no `delivery` when there is nothing to write
   * @returns the last decision, or undefined when there is no such delivery
   */
  change<T extends { readonly delivery?: Delivery | undefined }>(
    id: string,
    decide: (delivery: Delivery, nowMs: number) => T,
  ): Promise<T | undefined> {
    const name = this.#parts.places.state(id);
    return this.#changes.change(name, decide, ({ delivery }) => delivery);
  }

  /** What is sent, and what it takes to delete it. */
  async body(id: string): Promise<{ readonly text: string; readonly etag: string } | undefined> {
    return (await this.#parts.large.read(this.#parts.places.body(id))).blob;
  }

  async deleteBody(id: string, etag: string): Promise<void> {
    await this.#parts.store.delete(this.#parts.places.body(id), etag);
  }

  /** Says that a delivery is a dead letter. */
  async markDead(id: string): Promise<void> {
    await this.#parts.store.write(this.#parts.places.deadLetter(id), '', 'any');
  }

  /** Says so no more. */
  async unmarkDead(id: string): Promise<void> {
    const { store, places } = this.#parts;
    const { blobs } = await store.list(places.deadLetter(id));
    for (const { name, etag } of blobs) await store.delete(name, etag);
  }

  /** Ids of dead letters; `hasMore` when there are others. */
  async dead(): Promise<{ readonly ids: readonly string[]; readonly hasMore: boolean }> {
    const { store, places } = this.#parts;
    const { blobs, next } = await store.list(places.dead);
    return { ids: blobs.map(({ name }) => places.idIn(name)), hasMore: next !== undefined };
  }
}
