/** The little of a queue that work that is put off needs. */
export interface QueueStore {
  /**
   * Puts a message into the queue, where it stays until it has been worked on.
   * @param delayMs how long nobody sees it; whole seconds are kept, rounded up, at most a week
   * @throws {StorageError} when there is no answer; it may be in the queue all the same
   */
  send(text: string, delayMs: number): Promise<void>;
  /**
   * How many messages are in it, about; 0 where there is no such queue yet.
   * @throws {StorageError} when there is no answer
   */
  count(): Promise<number>;
}

/** A message that was taken out of a queue for a while. */
export interface TakenMessage {
  readonly text: string;
  /** How often it has been taken, this time included. */
  readonly taken: number;
  /** It has been worked on. Nothing, when somebody else has it by now. */
  remove(): Promise<void>;
  /** Gives it back, to be seen after `ms`. Nothing, when somebody else has it by now. */
  giveBack(ms: number): Promise<void>;
}

/**
 * A queue that this app can also take messages from. Each method throws {StorageError} when there is no
 * answer.
 */
export interface ReadableQueue extends QueueStore {
  /** One message, if there is any, which nobody else sees for `hiddenMs`. */
  take(hiddenMs: number): Promise<TakenMessage | undefined>;
}
