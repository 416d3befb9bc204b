import { runWithin } from '../shared/base/deadline.js';
import { StorageError } from '../shared/base/errors.js';
import type { ReadableQueue, TakenMessage } from '../shared/storage/queue-store.js';
import type { Background, BackgroundContext, StoringApp } from './background.js';

/**
 * The host listens to the queues, unless it would die of it: a queue that refuses, or cannot be connected to,
 * ends the host and everybody's requests with it, again and again
 * (docs/decisions/queue-triggers-after-storage.md). Then this app listens by itself, from when the storage is
 * well.
 */

/** How long the start of this process waits for the storage. What hangs or is slow does not end the host. */
const LONGEST_LOOK_MS = 1_500;

/** What would end the host if it listened; undefined when nothing would. */
export async function whatForbidsListening({ clock, shared }: StoringApp): Promise<StorageError | undefined> {
  try {
    await runWithin(
      clock,
      LONGEST_LOOK_MS,
      () => new TooSlow(),
      () => shared.jobs.queue.count(),
    );
    return undefined;
  } catch (error) {
    return error instanceof StorageError && wouldEndHost(error) ? error : undefined;
  }
}

class TooSlow extends Error {}

/** The host survives an answer of 5xx, and a time-out (`QueueListener` of azure-sdk-for-net). */
function wouldEndHost({ trouble, cause }: StorageError): boolean {
  const status = (cause as { statusCode?: number } | undefined)?.statusCode;
  return trouble !== 'slow' && (status === undefined ? trouble !== 'other' : status < 500);
}

/**
 * As long as the host takes a message for, and as long as it waits after a failure and before a look
 * (host.json).
 */
const HIDDEN_MS = 600_000;
const AFTER_FAILURE_MS = 30_000;
const LOOK_EVERY_MS = 2_000;
const MOST_DELIVERIES = 5;
/** Between two looks at a storage that is away. */
const AWAY_MS = 30_000;

/** A queue, its poison queue (none for one that is such a queue), and what is done with a message. */
export interface Listening {
  readonly queue: ReadableQueue;
  readonly poison: ReadableQueue | undefined;
  readonly handler: Background;
}

/** Where lines of the log go. */
export type Log = Pick<BackgroundContext, 'info' | 'error'>;

/** Takes the messages of a queue, one after the other, until `signal` is aborted. Never rejects. */
export async function listen(
  app: StoringApp,
  listening: Listening,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const waitMs = await takeOne(app, listening, log).catch(() => AWAY_MS);
    if (waitMs > 0) await app.clock.sleep(waitMs, signal).catch(() => {});
  }
}

/** Does what the host does with a message; says how long to wait before the next one. */
async function takeOne(app: StoringApp, { queue, poison, handler }: Listening, log: Log): Promise<number> {
  const message = await queue.take(HIDDEN_MS);
  if (!message) return LOOK_EVERY_MS;
  if (message.taken > MOST_DELIVERIES) return giveUp(message, poison);
  try {
    const { info, error } = log;
    await handler(app, message.text, { info, error, triggerMetadata: { dequeueCount: message.taken } });
  } catch {
    // The handler has logged it.
    if (message.taken >= MOST_DELIVERIES) return giveUp(message, poison);
    await message.giveBack(AFTER_FAILURE_MS);
    return 0;
  }
  await message.remove();
  return 0;
}

async function giveUp(message: TakenMessage, poison: ReadableQueue | undefined): Promise<number> {
  if (!poison) return 0; // it stays hidden for a while, and expires at last
  await poison.send(message.text, 0);
  await message.remove();
  return 0;
}
