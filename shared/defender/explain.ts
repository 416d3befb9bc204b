import { EnrichmentError, type ErrorFacts, type ErrorKind } from '../base/errors.js';
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
export function explain(failure: Failure, facts: CallFacts, retryAtMs: number | undefined): EnrichmentError {
  const upstream = 'upstream' in failure ? failure.upstream : undefined;
  const said = upstream ? ` Defender said ${upstream.code}: ${upstream.message}` : '';
  const [kind, message] = describe(failure, facts);
  const known: ErrorFacts = {
    ...(retryAtMs === undefined ? {} : { retryAtMs }),
    ...(upstream === undefined ? {} : { upstream }),
  };
  return new EnrichmentError(kind, `${message}${said}`, known);
}

function describe(
  failure: Failure,
  { host, audience, claims }: CallFacts,
): readonly [kind: ErrorKind, message: string] {
  switch (failure.kind) {
    case 'throttled':
      return [
        'quota-exhausted',
        "Defender answered 429 although our own count allowed the call: something else uses this identity's limit.",
      ];
    case 'unauthorized':
      return [
        'token-refused',
        `Defender answered 401 to a fresh token. ${audienceFinding(claims, audience).sentence} ` +
          'Check that DEFENDER_AUDIENCE and DEFENDER_CLOUD fit the tenant. ' +
          'The platform caches tokens for about 24 hours: after a change, wait or restart the function app.',
      ];
    case 'forbidden':
      return ['permission-missing', forbidden(host, !failure.upstream, permissionFinding(claims))];
    case 'retired':
      return [
        'source-retired',
        `${host} answered 410: this API is gone for good. Nothing in this app can change that; look for a newer ` +
          'version of the app, and for what Microsoft says about the alerts API of Defender for Endpoint.',
      ];
    case 'refused':
      return [
        'request-refused',
        failure.upstream
          ? `Defender refused the request with HTTP ${failure.status}; asking again would not help.`
          : `${host} answered HTTP ${failure.status}; asking again would not help. ${FOREIGN}`,
      ];
    case 'untrusted':
      return [
        'connection-not-trusted',
        `The certificate of ${host} is not valid (${failure.code}), so no token was sent. ` +
          'Check DEFENDER_API_HOST, and proxies that open TLS on the way.',
      ];
    case 'redirected':
      return [
        'connection-not-trusted',
        `${host} answered with a redirect (HTTP ${failure.status}), which was not followed: the token goes to the ` +
          'configured host only. Check DEFENDER_API_HOST and proxies on the way.',
      ];
    case 'too-large':
      return [
        'answer-unusable',
        `The answer of ${host} is larger than any real one and was cut off. Check DEFENDER_API_HOST and proxies ` +
          'on the way.',
      ];
    case 'malformed':
      return [
        'upstream-unavailable',
        `${host} answered with ${failure.what}. ${failure.status === 404 ? FOREIGN_404 : MALFORMED}`,
      ];
    case 'unavailable':
      return [
        'upstream-unavailable',
        `${host} answered HTTP ${failure.status}. Nothing is wrong here; ask again later.`,
      ];
    case 'timed-out':
      return [
        'upstream-unavailable',
        `${host} did not answer in time. Ask again later; if it stays, check this network's outbound access.`,
      ];
    case 'unreachable':
      return [
        'upstream-unavailable',
        `${host} could not be reached (${failure.code}). If it stays, check DEFENDER_API_HOST, DNS and this network's ` +
          'outbound access.',
      ];
  }
}

/** A token without the permission explains a 403 by itself; else the form of the answer says whose it is. Pure. */
function forbidden(host: string, isForeign: boolean, finding: Finding): string {
  if (!isForeign || finding.isRight === false) return `Defender answered 403. ${inFull(finding)}`;
  return (
    `${host} answered 403. ${FOREIGN} Let it pass calls to ${host} unchanged. ` +
    `If there is none on the way: ${inFull(finding)}`
  );
}

const FOREIGN =
  "The answer is not in Defender's error form, so a proxy or firewall on the way has probably given it.";
const MALFORMED = 'If it stays, check for a proxy on the way.';
const FOREIGN_404 =
  'So it is not known whether the alert exists. Check DEFENDER_API_HOST and proxies on the way; if they are right, ' +
  'the API may have been retired.';

function inFull({ sentence, ifRefused }: Finding): string {
  return ifRefused ? `${sentence} ${ifRefused}` : sentence;
}
