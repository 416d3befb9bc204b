import type { Note } from '../occurrence.js';
import type { Reporter } from '../report.js';
import type { Delivery } from './delivery.js';
import { type Destination, destinationNamed, originOf } from './destination.js';

/** Who is told, and where receivers stand. */
export interface AlarmParts {
  readonly report: Reporter;
  readonly note: Note;
  readonly destinations: readonly Destination[];
}

/** Tells operators of a dead letter, and how to send it again. */
export function reportDeadLetter(
  { report, note, destinations }: AlarmParts,
  { id, destination: name, end }: Delivery,
): void {
  if (end?.kind !== 'dead-lettered') return;
  const destination = destinationNamed(destinations, name);
  const where = destination ? `"${name}" (${originOf(destination)})` : `"${name}"`;
  note({ kind: 'dead-letter', deliveryId: id, destination: name });
  report({
    event: 'delivery-dead-lettered',
    detail:
      `The delivery ${id} to ${where} is a dead letter. ${end.reason} It is kept for 30 days; ` +
      `to send it again: POST /api/deliveries/${id}/redeliver.`,
  });
}
