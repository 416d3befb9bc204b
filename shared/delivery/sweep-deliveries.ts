import type { Clock } from '../base/clock.js';
import { writeMessage } from '../queue-work/message.js';
import type { BlobStore } from '../storage/blob-store.js';
import { inBatches, isOlder, type Listed, pages } from '../storage/pages.js';
import type { QueueStore } from '../storage/queue-store.js';
import type { Swept } from '../storage/sweep.js';
import { DELIVERY_TEXT } from './delivery.js';
import { DEAD_KEPT_DAYS, DELIVERED_KEPT_DAYS } from './keeping.js';
import type { DeliveryPlaces } from './places.js';
import { mayLackMessage } from './transitions.js';

const DAY_MS = 86_400_000;
const DELIVERED_KEPT_MS = DELIVERED_KEPT_DAYS * DAY_MS;
const DEAD_KEPT_MS = DEAD_KEPT_DAYS * DAY_MS;

/** What a sweep of deliveries works with. */
export interface DeliverySweep {
  readonly store: BlobStore;
  readonly queue: QueueStore;
  readonly clock: Clock;
  readonly places: DeliveryPlaces;
}

/**
 * Deletes deliveries that have had their time, and sends a message for each that is long overdue: somebody
 * may have cleared the queue. A body is there until its delivery has been delivered, so that what has none
 * has ended well; nothing that is queued is ever deleted, however old.
 *
 * @throws {StorageError} when the store is down
 */
export async function sweepDeliveries(sweep: DeliverySweep, longestMs: number): Promise<Swept> {
  const { store, clock, places } = sweep;
  const untilMs = clock.monotonicMs() + longestMs;
  const isTimeUp = () => clock.monotonicMs() >= untilMs;
  const counts = { seen: 0, deleted: 0 };
  const dead = new Set<string>();
  for await (const { blobs } of pages(store, places.dead)) {
    if (isTimeUp()) return { ...counts, finished: false };
    for (const { name } of blobs) dead.add(places.idIn(name));
  }
  const undelivered = new Set<string>();
  for await (const page of pages(store, places.bodies)) {
    counts.seen += page.blobs.length;
    for (const { name } of page.blobs) undelivered.add(places.idIn(name));
    // A dead letter is never older than its body: those that stay are not read each day.
    const old = page.blobs.filter((blob) =>
      isOlder(page, blob, dead.has(places.idIn(blob.name)) ? DEAD_KEPT_MS : DAY_MS),
    );
    const isDone = await inBatches(old, isTimeUp, async (blob) => {
      const deleted = await lookAfter(sweep, blob, page.storeTimeMs);
      if (deleted > 0) undelivered.delete(places.idIn(blob.name));
      counts.deleted += deleted;
    });
    if (!isDone) return { ...counts, finished: false };
  }
  for (const [folder, keptMs] of [
    [places.states, DELIVERED_KEPT_MS],
    [places.dead, DAY_MS],
  ] as const) {
    for await (const page of pages(store, folder)) {
      counts.seen += page.blobs.length;
      const over = page.blobs.filter(
        (blob) => isOlder(page, blob, keptMs) && !undelivered.has(places.idIn(blob.name)),
      );
      const isDone = await inBatches(over, isTimeUp, async ({ name, etag }) => {
        await store.delete(name, etag);
        counts.deleted++;
      });
      if (!isDone) return { ...counts, finished: false };
    }
  }
  return { ...counts, finished: true };
}

/**
 * Sees to a body that is still there after a day.
 * @returns how many blobs were deleted
 */
async function lookAfter(
  { store, queue, places }: DeliverySweep,
  body: Listed,
  nowMs: number,
): Promise<number> {
  const id = places.idIn(body.name);
  const { blob } = await store.read(places.state(id));
  const delivery = blob && DELIVERY_TEXT.read(blob.text);
  if (blob && !delivery) return 0; // another version's
  if (!blob || delivery?.end?.kind === 'delivered') {
    await store.delete(body.name, body.etag);
    return 1;
  }
  if (delivery?.end) {
    if (nowMs - delivery.end.atMs < DEAD_KEPT_MS) return 0;
    // The state first: a dead letter that is being sent again at this moment keeps both.
    await store.delete(places.state(id), blob.etag);
    if ((await store.read(places.state(id))).blob) return 0;
    await store.delete(body.name, body.etag);
    return 2;
  }
  if (delivery && mayLackMessage(delivery, nowMs)) await queue.send(writeMessage(delivery), 0);
  return 0;
}
