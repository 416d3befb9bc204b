import { randomBytes } from 'node:crypto';

/**
 * What a queue message says: which job or delivery, and which of its turns. Nothing of what is worked on is
 * in it.
 */
export interface Message {
  readonly id: string;
  readonly generation: number;
  /** Since when it has waited for room, by the store's time, if it once found none: its place in the line. */
  readonly waitingSinceMs?: number;
}

/** A message as a queue takes it. */
export function writeMessage({ id, generation, waitingSinceMs }: Message): string {
  return JSON.stringify({ id, generation, waitingSinceMs });
}

/**
 * @param entry the message as the trigger hands it over: JSON is parsed by then, or not
 * @returns undefined when it is no message of ours
 */
export function readMessage(entry: unknown): Message | undefined {
  try {
    const { id, generation, waitingSinceMs } =
      typeof entry === 'string' ? JSON.parse(entry) : (entry as Message);
    if (!isId(id) || !Number.isSafeInteger(generation)) return undefined;
    return { id, generation, ...(Number.isFinite(waitingSinceMs) ? { waitingSinceMs } : {}) };
  } catch {
    return undefined;
  }
}

/** The id of a job or a delivery: 128 random bits, in hexadecimal. */
export function newId(): string {
  return randomBytes(16).toString('hex');
}

/** What an id looks like, as a regular expression. */
export const ID_PATTERN = '^[0-9a-f]{32}$';

const IS_ID = new RegExp(ID_PATTERN);

/** Ids are our own: anything else is never made part of a blob's name. */
export function isId(id: unknown): id is string {
  return typeof id === 'string' && IS_ID.test(id);
}
