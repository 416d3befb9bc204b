/** Whether an address is on this machine: 127/8, ::1, and localhost (RFC 6761, 6.3). */
export function isLoopback(address: string): boolean {
  const { hostname } = new URL(address);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Whether what goes there is for its host only: https, or http that does not leave this machine. */
export function isConfidential({ protocol, href }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(href));
}

/** Why an exchange over the network brought no HTTP answer, by Node's code of the error. */
export type NetworkFailure =
  /** the server's certificate does not hold */
  | 'untrusted'
  /** bytes that are not HTTP, or not in the encoding that was said */
  | 'malformed'
  /** name not resolved, refused, reset, cut short, … */
  | 'unreachable';

/**
 * OpenSSL's and Node's codes for a certificate that does not hold (nodejs.org/api/tls.html, "X509 certificate
 * error codes").
 */
const CERTIFICATE_ERROR =
  /^(CERT_|CRL_|ERROR_IN_|ERR_TLS_CERT|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)|PATH_LENGTH_)/;

/** The codes of Node's HTTP parser, of zlib and of its Brotli decoder. */
const UNREADABLE = /^(HPE_|Z_|ERR__|ERR_BROTLI_)/;

/** @param code such as `ECONNRESET` or `CERT_HAS_EXPIRED` */
export function networkFailure(code: string): NetworkFailure {
  if (UNREADABLE.test(code)) return 'malformed';
  return CERTIFICATE_ERROR.test(code) ? 'untrusted' : 'unreachable';
}

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
 * An HTTP date in milliseconds since the epoch, in one of the forms that end in GMT. `Date.parse` alone would
 * take `-1` for a year, and the third form, which names no zone, for local time.
 */
export function parseHttpDate(value: string): number | undefined {
  if (!/^[A-Z][a-z]+, .+ GMT$/.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}
