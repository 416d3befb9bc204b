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
