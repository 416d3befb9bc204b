import type { EnrichmentError } from '../base/errors.js';
import { type NetworkFailure, networkFailure, parseRetryAfter } from '../base/web.js';
import { type Destination, type DestinationAuth, LONGEST_WAIT_MS, originOf } from './destination.js';
import type { Attempt } from './send.js';

/** Of an answer, all that is looked at. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly date: string | null;
}

/** Statuses that are about one body. */
const ABOUT_THIS_BODY = [400, 413, 422];

/** Statuses below 500 that pass by themselves. */
const PASSING = [408, 429];

/** A failed attempt; what is not known of it is left out. */
function failed(
  reason: string,
  of: { readonly status?: number; readonly retryAfterMs?: number | undefined; readonly lasts?: boolean } = {},
): Attempt {
  const { status, retryAfterMs, lasts } = of;
  return {
    kind: 'failed',
    reason,
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(lasts ? { lasts } : {}),
  };
}

/** What an answer means. Pure; `nowMs` is the calendar time. */
export function judgeAnswer(destination: Destination, answer: Answer, nowMs: number): Attempt {
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  const host = originOf(destination);
  if (status === 410) {
    return { kind: 'gone', status, reason: `${host} answered 410: it wants nothing more of this.` };
  }
  const retryAfterMs = parseRetryAfter(answer.retryAfter, answer.date, nowMs, LONGEST_WAIT_MS);
  const reason = `${host} ${explainStatus(destination, status)}`;
  return failed(reason, { status, retryAfterMs, lasts: !PASSING.includes(status) && status < 500 });
}

function explainStatus({ name, auth, format }: Destination, status: number): string {
  if (status >= 300 && status < 400) {
    return `answered with a redirect (HTTP ${status}), which is not followed: put the final address into FORWARD_DESTINATIONS (${name}).`;
  }
  if (status === 401 || status === 403) return `answered ${status}: ${whatToLookAt(auth)}`;
  if (status === 404) return `answered 404: check the path of the address in FORWARD_DESTINATIONS (${name}).`;
  if (status === 413) return 'answered 413: the body is larger than it takes.';
  if (ABOUT_THIS_BODY.includes(status)) {
    return `answered HTTP ${status}: it did not accept the body. Check that it takes the format ${format.name}.`;
  }
  return `answered HTTP ${status}.`;
}

function whatToLookAt(auth: DestinationAuth): string {
  switch (auth.type) {
    case 'none':
      return 'it wants to know who asks, and this destination has no auth.';
    case 'standard-webhooks':
      return 'check that it has one of the secrets that auth.secretSettings name, and that its clock is right.';
    case 'header':
      return `check the setting whose value is sent in ${auth.header}.`;
    case 'managed-identity':
      return (
        `it did not accept the managed identity's token for ${auth.scope}. Check that this is the audience it ` +
        'expects, and that it lets this identity in. The platform caches tokens for about 24 hours: after a change, ' +
        'wait or restart the function app.'
      );
  }
}

/** The receiver has not answered within the destination's time-out. */
export function timedOut(destination: Destination): Attempt {
  const reason = `${originOf(destination)} did not answer within ${destination.timeoutMs / 1000} s.`;
  return failed(reason);
}

/** The caller has stopped waiting, before the receiver's time was over. */
export function cutShort(destination: Destination): Attempt {
  const reason = `${originOf(destination)} had not answered when this attempt was cut short.`;
  return failed(reason);
}

/** There is no token to send along, so nothing was sent. */
export function noToken(scope: string, { message, retryAtMs }: EnrichmentError): Attempt {
  const reason = `There is no token for ${scope}. ${message}`;
  return failed(reason, { lasts: retryAtMs === undefined });
}

/** What an exchange without an answer means, by the error's code. Pure. */
export function judgeError(destination: Destination, code: string): Attempt {
  const failure = connectionFailure(code);
  const reason = `${originOf(destination)} ${explainFailure(code, failure)}`;
  const lasts = failure === 'refused-address' || failure === 'untrusted';
  return failed(reason, { lasts });
}

/** The code of a connection that an agent did not make, because of its address. */
export const REFUSED_ADDRESS = 'ERR_REFUSED_ADDRESS';

/**
 * What kept a connection or an answer from being; `refused-address`: an agent did not connect to the host's
 * address.
 */
export type ConnectionFailure = NetworkFailure | 'refused-address';

/** Tells failures apart by the error's code. */
export function connectionFailure(code: string): ConnectionFailure {
  return code === REFUSED_ADDRESS ? 'refused-address' : networkFailure(code);
}

/** The rest of a sentence that begins with the host. */
export function explainFailure(code: string, failure: ConnectionFailure): string {
  switch (failure) {
    case 'refused-address':
      return "was not called: its address is in a private range or the platform's own. If a private one is meant, set allowPrivateHost.";
    case 'untrusted':
      return `was not called: its certificate does not hold (${code}).`;
    case 'malformed':
      return `gave an answer that cannot be read (${code}).`;
    case 'unreachable':
      return `could not be reached (${code}).`;
  }
}
