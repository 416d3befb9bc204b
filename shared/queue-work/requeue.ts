import type { Clock } from '../base/clock.js';
import { StorageError } from '../base/errors.js';
import type { QueueStore } from '../storage/queue-store.js';
import { type Message, writeMessage } from './message.js';

/** What putting a message off takes. */
export interface PutOffParts {
  readonly clock: Clock;
  /** Where the message came from, and goes back to. */
  readonly queue: QueueStore;
}

/** After a failure of the store a message comes back as a new one, so that it is never taken for poison. */
export const STORE_AWAY_MS = 30_000;
/** The message for the next turn is sent before this one has ended, and must not be seen before. */
export const LEAST_WAIT_MS = 1_000;
/** Between two tries to send a message back. */
const SEND_AGAIN_MS = 10_000;
/** How long that is tried; the work before it included, well below `functionTimeout` in host.json. */
const LONGEST_TRYING_MS = 120_000;

/**
 * Does the work of a message. When the store is away meanwhile, the message goes back into its queue for a
 * while: the host counts failures, five make a message poison, and an outage lasts longer than that. An account
 * that is too slow for us can still be fast enough for the host, which is more patient; so the invocation is
 * kept until the message is back, or too much time is over.
 *
 * @param giveBack gives up what the work had claimed; whether that succeeds does not matter
 * @throws what is no failure of the store; and one that lasts
 */
export async function orPutOff<T>(
  { clock, queue }: PutOffParts,
  message: Message,
  run: () => Promise<T>,
  giveBack: () => Promise<unknown> = async () => {},
): Promise<T | 'put-off'> {
  try {
    return await run();
  } catch (error) {
    await giveBack().catch(() => undefined);
    if (!(error instanceof StorageError)) throw error;
  }
  const untilMs = clock.monotonicMs() + LONGEST_TRYING_MS;
  for (;;) {
    try {
      await queue.send(writeMessage(message), STORE_AWAY_MS);
      return 'put-off';
    } catch (error) {
      if (!(error instanceof StorageError) || clock.monotonicMs() >= untilMs) throw error;
      await clock.sleep(SEND_AGAIN_MS);
    }
  }
}
