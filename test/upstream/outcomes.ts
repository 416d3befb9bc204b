import type { Answered, Outcome } from '../../shared/upstream/outcome.js';

/** A 200 of the API. */
export function answered(body: string, contentType: string | undefined = 'application/json'): Answered {
  return { kind: 'answered', status: 200, body, contentType, isPartial: false };
}

/** Outcomes that need no particular body. */
export const OUTCOMES = {
  notFound: {
    kind: 'not-found',
    status: 404,
    upstream: { code: 'ResourceNotFound', message: 'Alert was not found.' },
  },
  unavailable: { kind: 'unavailable', status: 503, retryAfterMs: undefined, upstream: undefined },
  unauthorized: { kind: 'unauthorized', status: 401, upstream: undefined },
  forbidden: { kind: 'forbidden', status: 403, upstream: undefined },
  retired: { kind: 'retired', status: 410, upstream: undefined },
  timedOut: { kind: 'timed-out', status: undefined },
  tooLarge: { kind: 'too-large', status: undefined },
  refusedConnection: { kind: 'unreachable', status: undefined, code: 'ECONNREFUSED', wasSent: false },
  reset: { kind: 'unreachable', status: undefined, code: 'ECONNRESET', wasSent: true },
  untrusted: { kind: 'untrusted', status: undefined, code: 'CERT_HAS_EXPIRED' },
} as const satisfies Record<string, Outcome>;

/** A 429. */
export function throttled(retryAfterMs?: number) {
  return { kind: 'throttled', status: 429, retryAfterMs, upstream: undefined } as const satisfies Outcome;
}
