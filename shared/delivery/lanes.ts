import type { Clock } from '../clock.js';
import type { Send } from './sending.js';

/**
 * Attempts at one receiver that may be under way at once, of the twelve messages that an instance works on
 * (`batchSize` and `newBatchThreshold` in host.json): half of them, so that a receiver that hangs leaves
 * the other half to the others.
 */
const MOST_AT_ONCE = 6;
/** The same for a receiver that was slow lately: then it holds no more than these for its 15 seconds. */
const MOST_AT_ONCE_SLOW = 2;
/** An attempt that takes longer is a slow one. Receivers that put the body into a queue take milliseconds. */
const SLOW_MS = 2_000;
/** For so long a receiver is taken for slow after a slow attempt. */
const REMEMBERED_MS = 60_000;
/** Room in a lane is waited for, since a healthy receiver makes some in milliseconds. */
const LONGEST_WAIT_MS = 1_000;

interface Lane {
  underWay: number;
  slowUntilMs: number;
  /** Called when there may be room. */
  readonly waiting: (() => void)[];
}

/**
 * Keeps each destination in a lane of its own, so that one that hangs slows no other: where its lane is
 * full, an attempt is spared, for about as long as the receiver may take.
 *
 * @param random from 0 to below 1: those that are spared together shall not come back together
 */
export function inLanes(send: Send, clock: Clock, random: () => number): Send {
  const lanes = new Map<string, Lane>();

  function laneOf(name: string): Lane {
    const lane = lanes.get(name) ?? { underWay: 0, slowUntilMs: Number.NEGATIVE_INFINITY, waiting: [] };
    lanes.set(name, lane);
    return lane;
  }

  function hasRoom({ underWay, slowUntilMs }: Lane): boolean {
    return underWay < (clock.monotonicMs() < slowUntilMs ? MOST_AT_ONCE_SLOW : MOST_AT_ONCE);
  }

  return async (destination, outgoing, signal) => {
    const lane = laneOf(destination.name);
    if (!hasRoom(lane)) await someRoom(lane, clock);
    if (!hasRoom(lane)) return { kind: 'spared', retryAfterMs: destination.timeoutMs * (1 + random()) };
    lane.underWay++;
    const beganMs = clock.monotonicMs();
    try {
      return await send(destination, outgoing, signal);
    } finally {
      lane.underWay--;
      const nowMs = clock.monotonicMs();
      if (nowMs - beganMs > SLOW_MS) lane.slowUntilMs = nowMs + REMEMBERED_MS;
      lane.waiting.shift()?.();
    }
  };
}

/** Resolves when there may be room in a lane, or the time is up. */
async function someRoom({ waiting }: Lane, clock: Clock): Promise<void> {
  const timer = new AbortController();
  let leave = () => {};
  const room = new Promise<void>((resolve) => {
    leave = resolve;
    waiting.push(resolve);
  });
  await Promise.race([room, clock.sleep(LONGEST_WAIT_MS, timer.signal).catch(() => {})]);
  timer.abort();
  const at = waiting.indexOf(leave);
  if (at >= 0) waiting.splice(at, 1);
}
