import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import type { Reporter } from '../base/environment.js';
import { CodeNotLoadedError, StorageError } from '../base/errors.js';
import type { QueueStore } from '../storage/queue-store.js';
import { type Message, writeMessage } from './message.js';
import { claim, isUntouched, releaseClaim, type WorkItem } from './work-item.js';
import { DamagedStateError, type WorkStore } from './work-store.js';

/** What running messages needs. */
export interface QueueParts {
  readonly clock: Clock;
  /** Where the messages come from, and go back to. */
  readonly queue: QueueStore;
  /** Where the host puts messages that it has given up. */
  readonly poison: QueueStore;
  readonly report: Reporter;
}

/** A claimed item. */
export interface Claimed<W> {
  readonly item: W;
  /** Who holds the lease. */
  readonly by: string;
  /** Whether another worker's lease had run out, or was given back: some of the turn may have been done. */
  readonly isTakeover: boolean;
  /** The store's time when it was claimed. */
  readonly nowMs: number;
}

/** Whether there is room for the work now. */
export type Admission =
  /** `leave` is called when the turn is over, however it ends. */
  | { readonly kind: 'go'; readonly leave: () => void }
  /** The work is deferred: nothing is written, and `message` comes back after `waitMs`. */
  | { readonly kind: 'defer'; readonly message: Message; readonly waitMs: number };

/** One kind of work. */
export interface Work<W extends WorkItem, R extends string> {
  readonly store: WorkStore<W>;
  /** For how long nobody else may work on an item, in milliseconds: more than a turn can take. */
  readonly leaseMs: (item: W) => number;
  /** Asked before anything is written; absent: there is always room. */
  readonly admit?: (item: W, message: Message, nowMs: number) => Promise<Admission>;
  /** Does one turn. Before it returns, the next message is in the queue, or the item has ended. */
  readonly turn: (claimed: Claimed<W>) => Promise<R>;
  /**
   * Told of an item that is none of this message's any more; whoever ended it may have died before it could
   * say so.
   */
  readonly dropped?: (item: W, message: Message) => Promise<unknown>;
  /** Ends an item whose message the host has given up after it was begun. */
  readonly giveUp: (message: Message) => Promise<unknown>;
  /**
   * Saves what is left of an item whose state is gone or damaged. Nothing that was accepted is dropped in
   * silence.
   */
  readonly stateLost: (message: Message) => Promise<unknown>;
}

/** What a message came to besides what a turn comes to, for the log. `put-off`: it is back in the queue. */
export type Handled = 'dropped' | 'put-off' | 'deferred' | 'state-lost';

/** After a failure of the store a message comes back as a new one, so that it is never taken for poison. */
const STORE_AWAY_MS = 30_000;
/** The message for the next turn is sent before this one has ended, and must not be visible before. */
export const LEAST_WAIT_MS = 1_000;
/** Between two tries to send a message back. */
const SEND_AGAIN_MS = 10_000;
/** How long that is tried; with the work before it well below `functionTimeout` in host.json. */
const LONGEST_TRYING_MS = 120_000;

/**
 * Does what a message is for: claims its item and does one turn of work. Whatever happens to this process,
 * the work goes on: a message is acknowledged only when another one is in the queue or the item has ended.
 *
 * @throws what should not happen; the host then delivers the message again, and at last to `giveUpMessage`
 */
export function runMessage<W extends WorkItem, R extends string>(
  parts: QueueParts,
  work: Work<W, R>,
  message: Message,
): Promise<R | Handled> {
  const by = randomUUID();
  const giveBack = () => work.store.change(message.id, (item) => ({ next: releaseClaim(item, by) }));
  return requeueOnOutage(
    parts,
    message,
    () => orStateLost(work, message, () => takeUp(parts, work, message, by)),
    giveBack,
  );
}

async function takeUp<W extends WorkItem, R extends string>(
  { queue }: QueueParts,
  work: Work<W, R>,
  message: Message,
  by: string,
): Promise<R | Handled> {
  const { store, leaseMs, admit } = work;
  const decide = (item: W, nowMs: number) => claim(item, message, by, leaseMs(item), nowMs);
  const { item: seen, storeTimeMs } = await store.read(message.id);
  if (!seen) return loseState(work, message);
  const isToBeDone = decide(seen, storeTimeMs).kind === 'work';
  const admission = isToBeDone ? await admit?.(seen, message, storeTimeMs) : undefined;
  if (admission?.kind === 'defer') {
    await queue.send(writeMessage(admission.message), Math.max(LEAST_WAIT_MS, admission.waitMs));
    return 'deferred';
  }
  try {
    const claimed = await store.change(
      message.id,
      (item, nowMs) => {
        const verdict = decide(item, nowMs);
        return { verdict, before: item, nowMs, next: verdict.kind === 'work' ? verdict.item : undefined };
      },
      seen,
    );
    if (!claimed) return loseState(work, message);
    const { verdict, before, nowMs } = claimed;
    switch (verdict.kind) {
      case 'work':
        return await work.turn({ item: verdict.item, isTakeover: verdict.isTakeover, by, nowMs });
      case 'retry-later':
        await queue.send(writeMessage(message), verdict.atMs - nowMs + LEAST_WAIT_MS);
        return 'put-off';
      default:
        await work.dropped?.(before, message);
        return 'dropped';
    }
  } finally {
    admission?.leave();
  }
}

/**
 * Ends the work of a message that the host has given up. A message that was never begun failed by nothing of
 * its own, and goes back into its queue.
 */
export async function giveUpMessage<W extends WorkItem, R extends string>(
  { clock, queue, poison, report }: QueueParts,
  work: Work<W, R>,
  message: Message,
): Promise<void> {
  await requeueOnOutage({ clock, queue: poison, report }, message, () =>
    orStateLost(work, message, async () => {
      const { item } = await work.store.read(message.id);
      if (!item) await loseState(work, message);
      else if (!item.end && isUntouched(item, message)) {
        await queue.send(writeMessage(message), STORE_AWAY_MS);
      } else await work.giveUp(message);
    }),
  );
}

async function orStateLost<T>(
  work: Pick<Work<never, never>, 'stateLost'>,
  message: Message,
  run: () => Promise<T>,
): Promise<T | 'state-lost'> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof DamagedStateError)) throw error;
    return loseState(work, message);
  }
}

async function loseState(
  { stateLost }: Pick<Work<never, never>, 'stateLost'>,
  message: Message,
): Promise<'state-lost'> {
  await stateLost(message);
  return 'state-lost';
}

/**
 * Does the work of a message. When the store is unavailable meanwhile, or code cannot be loaded, the message
 * goes back into its queue for a while: the host counts failures, five make a message poison, and an outage
 * lasts longer than that. An account that is too slow for us can still be fast enough for the host, which is
 * more patient; so the invocation is kept until the message is back, or too much time is over.
 *
 * @param giveBack gives the lease back; whether that succeeds does not matter
 * @throws what is no such failure; and one that lasts
 */
async function requeueOnOutage<T>(
  { clock, queue, report }: Omit<QueueParts, 'poison'>,
  message: Message,
  run: () => Promise<T>,
  giveBack: () => Promise<unknown> = async () => {},
): Promise<T | 'put-off'> {
  try {
    return await run();
  } catch (error) {
    await giveBack().catch(() => undefined);
    if (!(error instanceof StorageError || error instanceof CodeNotLoadedError)) throw error;
    if (error instanceof CodeNotLoadedError) report({ event: 'code-not-loaded', detail: error.message });
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
