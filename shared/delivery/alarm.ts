import type { Reporter } from '../base/environment.js';
import type { Emit } from '../base/telemetry-event.js';
import type { Delivery, OddBody } from './delivery.js';
import type { DeliveryStore } from './delivery-store.js';
import { type Destination, destinationNamed, originOf } from './destination.js';
import { DEAD_KEPT_DAYS } from './keeping.js';

/** Who is told, and where receivers stand. */
export interface AlarmParts {
  readonly report: Reporter;
  readonly emit: Emit;
  readonly destinations: readonly Destination[];
  readonly deliveries: DeliveryStore;
}

/**
 * Marks a dead letter, and tells operators how to send it again; does nothing for any other delivery. It is for
 * whoever finds one that was perhaps not announced, too: told twice is better than never.
 *
 * @throws {StorageError} when it could not be marked; nobody was told then
 */
export async function announceDead(
  { report, emit, destinations, deliveries }: AlarmParts,
  { id, destination: name, end }: Delivery,
): Promise<void> {
  if (end?.kind !== 'dead-lettered') return;
  await deliveries.markDead(id);
  const destination = destinationNamed(destinations, name);
  const where = destination ? `"${name}" (${originOf(destination)})` : `"${name}"`;
  emit({ kind: 'dead-letter', destination: name });
  report({
    event: 'delivery-dead-lettered',
    detail: `The delivery ${id} to ${where} is a dead letter. ${end.reason}${howToSend(id, end.body)}`,
  });
}

function howToSend(id: string, body: OddBody | undefined): string {
  const send = `POST /api/deliveries/${id}/redeliver`;
  switch (body) {
    case 'missing':
      return '';
    case 'as-posted':
      return ` The alerts are kept for ${DEAD_KEPT_DAYS} days, as they were posted; to send them so, not in the destination's form: ${send}.`;
    case undefined:
      return ` It is kept for ${DEAD_KEPT_DAYS} days; to send it again: ${send}.`;
  }
}
