import type { ForwardReceipt } from '../enrichment/result.js';
import type { Delivery } from './delivery.js';

/** What somebody who asks for a delivery gets to see. Times are ISO-8601. */
export interface DeliveryView extends ForwardReceipt {
  /** How often it was tried. */
  readonly attempts: number;
  /** What the receiver answered last; absent when it did not. */
  readonly lastStatus?: number;
  /** Why the last attempt failed, or why it was given up. */
  readonly reason?: string;
  readonly acceptedAt: string;
  /** While it is queued. */
  readonly nextAttempt?: string;
  readonly endedAt?: string;
}

/** A delivery as it is shown. */
export function viewDelivery(delivery: Delivery): DeliveryView {
  const { id, destination, attempts, last, acceptedAtMs, nextAtMs, end } = delivery;
  const lastStatus = end?.kind === 'delivered' ? end.status : last?.status;
  const reason = end?.kind === 'delivered' ? undefined : end ? end.reason : last?.reason;
  return {
    id,
    destination,
    status: statusOf(delivery),
    attempts,
    ...(lastStatus === undefined ? {} : { lastStatus }),
    ...(reason === undefined ? {} : { reason }),
    acceptedAt: iso(acceptedAtMs),
    ...(end ? { endedAt: iso(end.atMs) } : { nextAttempt: iso(nextAtMs) }),
  };
}

/** What the answer to a post says of a delivery. */
export function receiptOf(delivery: Delivery): ForwardReceipt {
  const { id, destination } = delivery;
  return { id, destination, status: statusOf(delivery) };
}

function statusOf({ end }: Delivery): ForwardReceipt['status'] {
  return end?.kind ?? 'queued';
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
