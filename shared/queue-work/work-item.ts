import type { Message } from './message.js';

/**
 * What jobs and deliveries have in common, pure: the state before in, the state after out. The store writes
 * it by compare-and-swap, so of two instances that decide at the same time one decides anew.
 */

/**
 * Work that goes on by way of a queue, as its state blob holds it. Times are the store's, in milliseconds
 * since the epoch.
 */
export interface WorkItem {
  readonly id: string;
  /** Only a message of this generation, or of a later one, is worked on. */
  readonly generation: number;
  /** Who works on it; absent between turns. */
  readonly claim?: Lease | undefined;
  /** How it ended; nothing is done to it after that. */
  readonly end?: object | undefined;
}

/** The lease on a work item: nobody else works on it meanwhile. */
export interface Lease {
  readonly by: string;
  /** Past this, its holder is taken for dead; by the store's time. */
  readonly untilMs: number;
}

/** What a message is to do. */
export type ClaimVerdict<W extends WorkItem> =
  /** `isTakeover`: the last holder of the lease did not come to an end. */
  | { readonly kind: 'work'; readonly item: W; readonly isTakeover: boolean }
  /** Its work is done, or is another message's by now. */
  | { readonly kind: 'drop' }
  /** Somebody works on it; if that worker is dead, somebody has to look again at `atMs`. */
  | { readonly kind: 'retry-later'; readonly atMs: number };

/**
 * Claims an item for the turn of work that a message is for, so a message delivered twice does its work once.
 * A message of a later generation comes from a turn whose worker died before it could write the state.
 *
 * @param by the worker
 * @param leaseMs for how long nobody else may work on it
 */
export function claim<W extends WorkItem>(
  item: W,
  message: Message,
  by: string,
  leaseMs: number,
  nowMs: number,
): ClaimVerdict<W> {
  const { claim: lease } = item;
  if (item.end || message.generation < item.generation) return { kind: 'drop' };
  if (lease && lease.by !== by && lease.untilMs > nowMs) return { kind: 'retry-later', atMs: lease.untilMs };
  const claimed = { ...item, generation: message.generation, claim: { by, untilMs: nowMs + leaseMs } };
  return { kind: 'work', item: claimed, isTakeover: lease !== undefined };
}

/** Whether this worker still holds the lease. */
export function holds({ end, claim: lease }: WorkItem, by: string): boolean {
  return !end && lease?.by === by;
}

/**
 * Ends a turn of work; the next message has the next generation. Undefined when the lease was lost to another
 * worker.
 */
export function release<W extends WorkItem>(item: W, by: string, changes: Partial<W>): W | undefined {
  if (!holds(item, by)) return undefined;
  return { ...item, ...changes, generation: item.generation + 1, claim: undefined };
}

/** Ends the item; undefined when the lease was lost to another worker. */
export function finish<W extends WorkItem>(item: W, by: string, changes: Partial<W>): W | undefined {
  return holds(item, by) ? { ...item, ...changes, claim: undefined } : undefined;
}

/**
 * Gives the lease back in the middle of a turn: the message's next delivery takes the work over at once. The
 * trace of the lease stays, since something may have been done under it.
 */
export function releaseClaim<W extends WorkItem>(item: W, by: string): W | undefined {
  return holds(item, by) ? { ...item, claim: { by, untilMs: 0 } } : undefined;
}

/**
 * Ends an item that cannot be worked on, whoever holds it; undefined when it has ended already, or when the
 * message that says so is an old one.
 */
export function endAnyway<W extends WorkItem>(
  item: W,
  { generation }: Pick<Message, 'generation'>,
  changes: Partial<W>,
): W | undefined {
  if (item.end || generation < item.generation) return undefined;
  return { ...item, ...changes, claim: undefined };
}

/**
 * Whether no turn of this message was ever begun. If the host gave such a message up, it was no fault of the
 * work: the storage account was unavailable.
 */
export function isUntouched({ claim: lease, generation }: WorkItem, message: Message): boolean {
  return lease === undefined && message.generation >= generation;
}

/**
 * Work that is this late may have lost its message: that of a dead worker is visible again after ten minutes
 * (https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#peek-lock).
 */
const OVERDUE_MS = 900_000;

/**
 * Whether an item may be without a message: its first one was perhaps never sent, or the next turn is long
 * overdue and perhaps somebody has cleared the queue. One message too many does no harm.
 *
 * @param firstGeneration of the message that began it
 * @param dueAtMs when the next turn ought to have begun
 */
export function needsRequeue(
  { end, claim: lease, generation }: WorkItem,
  firstGeneration: number,
  dueAtMs: number,
  nowMs: number,
): boolean {
  if (end) return false;
  return (generation === firstGeneration && lease === undefined) || nowMs > dueAtMs + OVERDUE_MS;
}
