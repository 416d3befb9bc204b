/**
 * The wait that a `Retry-After` header asks for, in milliseconds, or undefined when the header is
 * absent or says nothing usable (RFC 9110, 10.2.3: whole seconds, or an HTTP date).
 *
 * A date is read against the answer's own `Date` header, so that a clock that is off on either side
 * does not lengthen or shorten the wait. A date in the past is no wait.
 *
 * @param nowMs this machine's calendar time, for an answer without a `Date`
 * @param longestMs what a longer wait is cut to
 */
export function parseRetryAfter(
  retryAfter: string | null,
  date: string | null,
  nowMs: number,
  longestMs: number,
): number | undefined {
  const value = (retryAfter ?? '').trim();
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, longestMs);
  const atMs = parseHttpDate(value);
  if (atMs === undefined) return undefined;
  const sentMs = date ? (parseHttpDate(date) ?? nowMs) : nowMs;
  return Math.min(Math.max(0, atMs - sentMs), longestMs);
}

/**
 * An HTTP date in milliseconds since the epoch, in one of the forms that end in GMT. `Date.parse` alone would take `-1` for a year,
 * and the third form, which names no zone, for local time.
 */
export function parseHttpDate(value: string): number | undefined {
  if (!/^[A-Z][a-z]+, .+ GMT$/.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}
