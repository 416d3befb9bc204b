import type { Clock } from '../base/clock.js';
import type { Send } from './sending.js';

/**
 * Attempts at one receiver that may be under way at once. An instance takes more messages while no more
 * than twelve are in work (`newBatchThreshold` in host.json), so that two receivers that begin to hang at
 * the same moment leave room for the others.
 */
const MOST_AT_ONCE = 6;
/** The same for a receiver that is slow: six of those leave room for the others. */
const MOST_AT_ONCE_SLOW = 2;
/** An attempt that takes longer is a slow one. Receivers that put the body into a queue take milliseconds. */
const SLOW_MS = 2_000;
/** For so long a receiver is taken for slow after a slow attempt. */
const SLOW_FOR_MS = 60_000;
/** Room is waited for, since a healthy receiver makes some in milliseconds. */
const LONGEST_WAIT_MS = 1_000;

/** The share of one destination. */
interface Bulkhead {
  /** When each attempt that is under way began. */
  readonly underWay: Set<{ readonly atMs: number }>;
  slowUntilMs: number;
  /** Called when there may be room. */
  readonly waiting: (() => void)[];
}

/**
 * Keeps destinations apart by bulkheads, so that one that hangs slows no other: each has a share of the workers.
 * Where that is used up, an attempt is spared, for about as long as the receiver may take.
 *
 * @param random from 0 to below 1: those that are spared together shall not come back together
 */
export function withBulkheads(send: Send, clock: Clock, random: () => number): Send {
  const bulkheads = new Map<string, Bulkhead>();

  function bulkheadOf(name: string): Bulkhead {
    const bulkhead = bulkheads.get(name) ?? {
      underWay: new Set(),
      slowUntilMs: Number.NEGATIVE_INFINITY,
      waiting: [],
    };
    bulkheads.set(name, bulkhead);
    return bulkhead;
  }

  function isSlow({ underWay, slowUntilMs }: Bulkhead): boolean {
    const nowMs = clock.monotonicMs();
    return nowMs < slowUntilMs || [...underWay].some(({ atMs }) => nowMs - atMs > SLOW_MS);
  }

  function hasRoom(bulkhead: Bulkhead): boolean {
    return bulkhead.underWay.size < (isSlow(bulkhead) ? MOST_AT_ONCE_SLOW : MOST_AT_ONCE);
  }

  return async (destination, outgoing, signal) => {
    const bulkhead = bulkheadOf(destination.name);
    const untilMs = clock.monotonicMs() + LONGEST_WAIT_MS;
    for (let leftMs = LONGEST_WAIT_MS; leftMs > 0 && !hasRoom(bulkhead) && !isSlow(bulkhead); ) {
      await someRoom(bulkhead, clock, leftMs);
      leftMs = untilMs - clock.monotonicMs();
    }
    if (!hasRoom(bulkhead)) return { kind: 'spared', retryAfterMs: destination.timeoutMs * (1 + random()) };
    const attempt = { atMs: clock.monotonicMs() };
    bulkhead.underWay.add(attempt);
    try {
      return await send(destination, outgoing, signal);
    } finally {
      bulkhead.underWay.delete(attempt);
      const nowMs = clock.monotonicMs();
      if (nowMs - attempt.atMs > SLOW_MS) bulkhead.slowUntilMs = nowMs + SLOW_FOR_MS;
      bulkhead.waiting.shift()?.();
    }
  };
}

/** Resolves when there may be room in a bulkhead, or the time is up. */
function someRoom({ waiting }: Bulkhead, clock: Clock, longestMs: number): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      turnOff();
      resolve();
    };
    const turnOff = clock.alarm(longestMs, () => {
      waiting.splice(waiting.indexOf(go), 1);
      resolve();
    });
    waiting.push(go);
  });
}
