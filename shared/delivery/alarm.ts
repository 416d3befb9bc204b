import type { Reporter } from '../report.js';
import type { Delivery } from './delivery.js';
import { type Destination, originOf } from './destination.js';

/** Tells operators of a dead letter, and how to send it again. */
export function reportDeadLetter(
  report: Reporter,
  destinations: readonly Destination[],
  { id, destination: name, end }: Delivery,
): void {
  if (end?.kind !== 'dead-lettered') return;
  const destination = destinations.find((one) => one.name === name);
  const where = destination ? `"${name}" (${originOf(destination)})` : `"${name}"`;
  report({
    event: 'delivery-dead-lettered',
    detail:
      `The delivery ${id} to ${where} is a dead letter. ${end.reason} It is kept for 30 days; ` +
      `to send it again: POST /api/deliveries/${id}/redeliver.`,
  });
}
