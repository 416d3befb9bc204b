/** When a delivery is tried again; pure. */

/** So much of each wait is added at most, by chance: not all that failed together comes back together. */
const JITTER = 0.1;
/** Between two looks at a receiver that is being spared. */
const SHORTEST_SPARE_MS = 1_000;
const LONGEST_SPARE_MS = 3_600_000;
/** How much longer than its schedule a delivery is spared before it is given up. */
const SPARE_MARGIN_MS = 3_600_000;

/**
 * How long to wait before the next attempt, when `failed` have failed.
 *
 * @param scheduleMs the waits before each attempt, the first one included
 * @param retryAfterMs what the receiver asked for, a day at most; it counts when it is longer
 * @param random from 0 to below 1
 * @returns undefined when the schedule is spent
 */
export function waitBefore(
  scheduleMs: readonly number[],
  failed: number,
  retryAfterMs: number | undefined,
  random: number,
): number | undefined {
  const plannedMs = scheduleMs[failed];
  if (plannedMs === undefined) return undefined;
  return Math.max(plannedMs, retryAfterMs ?? 0) * (1 + JITTER * random);
}

/** How long to leave a receiver alone that is being spared; its attempts are not used up meanwhile. */
export function waitWhileSpared(retryAfterMs: number, random: number): number {
  return Math.min(LONGEST_SPARE_MS, Math.max(SHORTEST_SPARE_MS, retryAfterMs)) * (1 + JITTER * random);
}

/** For how long a delivery is put off in sum, since its receiver is being spared, before it is given up. */
export function longestSpareMs(scheduleMs: readonly number[]): number {
  return scheduleMs.reduce((sum, waitMs) => sum + waitMs, 0) * (1 + JITTER) + SPARE_MARGIN_MS;
}
