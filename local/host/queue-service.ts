/** A message as a queue gives it out. */
export interface QueueMessage {
  readonly id: string;
  /** As it was put in. */
  readonly text: string;
  /** What it takes to delete it or to hide it: of this delivery only. */
  readonly receipt: string;
  /** Deliveries so far, this one included. */
  readonly dequeueCount: number;
}

/** One queue of a queue service, as the host's trigger uses it. */
export interface HostQueue {
  /** Takes messages that nobody else sees for so long; none when there are none, or no such queue. */
  receive(most: number, hiddenMs: number): Promise<readonly QueueMessage[]>;
  /** Nothing, when the message has been given to another by now. */
  delete(message: QueueMessage): Promise<void>;
  /**
   * Gives a message back as it is, to be seen after `ms`. Nothing, when it has been given to another by now.
   */
  hide(message: QueueMessage, ms: number): Promise<void>;
  /** Puts a message in; makes the queue if there is none. */
  send(text: string): Promise<void>;
}

/** Why a queue could not be used. Of what is not of this kind, no answer came at all. */
export class QueueFailure extends Error {
  /** The answer's status; none when there was none. */
  readonly status: number | undefined;
  /** Whether it was too slow rather than wrong. */
  readonly isTimeout: boolean;

  constructor(message: string, status: number | undefined, isTimeout = false) {
    super(message);
    this.status = status;
    this.isTimeout = isTimeout;
  }
}

/** The queues of a connection, which is a setting's name, as in a trigger's binding. */
export type QueueService = (connection: string, queueName: string) => HostQueue;
