import { randomBytes } from 'node:crypto';

/** What a queue message says: which job or delivery, and which of its turns. Nothing else is in it. */
export interface Message {
  readonly id: string;
  readonly generation: number;
}

/** A message as a queue takes it. */
export function writeMessage({ id, generation }: Message): string {
  return JSON.stringify({ id, generation });
}

/**
 * @param entry the message as the trigger hands it over: JSON is parsed by then, or not
 * @returns undefined when it is no message of ours
 */
export function readMessage(entry: unknown): Message | undefined {
  try {
    const { id, generation } = typeof entry === 'string' ? JSON.parse(entry) : (entry as Message);
    return isId(id) && Number.isSafeInteger(generation) ? { id, generation } : undefined;
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
