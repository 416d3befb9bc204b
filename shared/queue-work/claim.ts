import type { Message } from './message.js';

/** A turn of work under way. */
export interface Claim {
  readonly by: string;
  /** Past this, whoever made it is taken for dead; by the store's time. */
  readonly untilMs: number;
}

/**
 * Whether the work that a message stands for has never been begun. Should the host have given the message up,
 * it was no fault of that work: the store was away.
 */
export function isUntouched(
  { claim, generation }: { readonly claim?: Claim | undefined; readonly generation: number },
  message: Message,
): boolean {
  return claim === undefined && message.generation >= generation;
}

/** Until when somebody else is at work; undefined when nobody is. */
export function heldUntilMs(claim: Claim | undefined, by: string, nowMs: number): number | undefined {
  return claim && claim.by !== by && claim.untilMs > nowMs ? claim.untilMs : undefined;
}

/**
 * Work that is as late as this may be without a message: a dead worker's is seen again after ten minutes
 * (https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#peek-lock).
 */
export const OVERDUE_MS = 900_000;
