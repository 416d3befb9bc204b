import { type EnrichmentError, type ErrorFacts, QuotaError, UpstreamFailure } from '../base/errors.js';
import type { TokenClaims } from '../identity/claims.js';
import { audienceFinding, type Finding, permissionFinding } from './findings.js';
import type { Failure } from './retry.js';

/** What was called, and with what: for the message. */
export interface CallFacts {
  /** The API's origin. */
  readonly host: string;
  /** What tokens are asked for. */
  readonly audience: string;
  /** Of the token that was sent; absent where it cannot be read. */
  readonly claims: TokenClaims | undefined;
}

/**
 * A failed call as an error for the reader: what happened, to what, and what to do.
 *
 * @param retryAtMs when asking again is worth while, on the monotonic clock
 */
export function explain(
  failure: Failure,
  { host, audience, claims }: CallFacts,
  retryAtMs: number | undefined,
): EnrichmentError {
  const upstream = 'upstream' in failure ? failure.upstream : undefined;
  const facts: ErrorFacts = {
    ...(retryAtMs === undefined ? {} : { retryAtMs }),
    ...(upstream === undefined ? {} : { upstream }),
  };
  const said = upstream ? ` Defender said ${upstream.code}: ${upstream.message}` : '';
  switch (failure.kind) {
    case 'throttled':
      return new QuotaError(
        `Defender answered 429 although our own count allowed the call: something else uses this identity's limit.${said}`,
        { ...facts, retryAtMs: retryAtMs ?? 0 },
      );
    case 'unauthorized':
      return new UpstreamFailure(
        'token-refused',
        `Defender answered 401 to a fresh token. ${audienceFinding(claims, audience).sentence} ` +
          'Check that DEFENDER_AUDIENCE and DEFENDER_CLOUD fit the tenant. ' +
          `The platform caches tokens for about 24 hours: after a change, wait or restart the function app.${said}`,
        facts,
      );
    case 'forbidden':
      return new UpstreamFailure(
        'permission-missing',
        `Defender answered 403. ${inFull(permissionFinding(claims))}${said}`,
        facts,
      );
    case 'retired':
      return new UpstreamFailure(
        'source-retired',
        `${host} answered 410: this API is gone for good. Nothing in this app can change that; look for a newer ` +
          `version of the app, and for what Microsoft says about the alerts API of Defender for Endpoint.${said}`,
        facts,
      );
    case 'refused':
      return new UpstreamFailure(
        'request-refused',
        `Defender refused the request with HTTP ${failure.status}; asking again would not help.${said}`,
        facts,
      );
    case 'untrusted':
      return new UpstreamFailure(
        'connection-not-trusted',
        `The certificate of ${host} does not hold (${failure.code}), so no token was sent. ` +
          'Check DEFENDER_API_HOST, and proxies that open TLS on the way.',
        facts,
      );
    case 'redirected':
      return new UpstreamFailure(
        'connection-not-trusted',
        `${host} answered with a redirect (HTTP ${failure.status}), which was not followed: the token goes to the ` +
          'configured host only. Check DEFENDER_API_HOST and proxies on the way.',
        facts,
      );
    case 'too-large':
      return new UpstreamFailure(
        'answer-unusable',
        `The answer of ${host} is larger than any real one and was cut off. Check DEFENDER_API_HOST and proxies on the way.`,
        facts,
      );
    case 'malformed':
      return new UpstreamFailure(
        'upstream-unavailable',
        `${host} answered with ${failure.what}. ${failure.status === 404 ? FOREIGN_404 : MALFORMED}${said}`,
        facts,
      );
    case 'unavailable':
      return new UpstreamFailure(
        'upstream-unavailable',
        `${host} answered HTTP ${failure.status}. Nothing is wrong here; ask again later.${said}`,
        facts,
      );
    case 'timed-out':
      return new UpstreamFailure(
        'upstream-unavailable',
        `${host} did not answer in time. Ask again later; if it stays, check the way out of this network.`,
        facts,
      );
    case 'unreachable':
      return new UpstreamFailure(
        'upstream-unavailable',
        `${host} could not be reached (${failure.code}). If it stays, check DEFENDER_API_HOST, DNS and the way out of this network.`,
        facts,
      );
  }
}

const MALFORMED = 'If it stays, check for a proxy on the way.';
const FOREIGN_404 =
  'So nobody knows whether the alert exists. Check DEFENDER_API_HOST and proxies on the way; if they are right, the ' +
  'API may have been retired.';

function inFull({ sentence, ifRefused }: Finding): string {
  return ifRefused ? `${sentence} ${ifRefused}` : sentence;
}
