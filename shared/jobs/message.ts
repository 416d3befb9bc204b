/** What a queue message says: which job, and which of its turns. Nothing else is in it. */
export interface JobMessage {
  readonly id: string;
  readonly generation: number;
}

export function writeMessage({ id, generation }: JobMessage): string {
  return JSON.stringify({ id, generation });
}

/**
 * @param entry the message as the trigger hands it over: JSON is parsed by then, or not
 * @returns undefined when it is no message of ours
 */
export function readMessage(entry: unknown): JobMessage | undefined {
  try {
    const { id, generation } = typeof entry === 'string' ? JSON.parse(entry) : (entry as JobMessage);
    return isJobId(id) && Number.isSafeInteger(generation) ? { id, generation } : undefined;
  } catch {
    return undefined;
  }
}

/** A job's id, for `RegExp` and JSON Schema. */
export const JOB_ID_PATTERN = '^[0-9a-f]{32}$';
const JOB_ID = new RegExp(JOB_ID_PATTERN);

/** Ids are our own: anything else is never made part of a blob's name. */
export function isJobId(id: unknown): id is string {
  return typeof id === 'string' && JOB_ID.test(id);
}
