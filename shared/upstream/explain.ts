import { EnrichmentError, type ErrorFacts, type ErrorKind } from '../base/errors.js';
import type { TokenClaims } from '../identity/claims.js';
import type { Api } from './api.js';
import type { Failure } from './retry.js';

/** What was called, and with what: for the message. */
export interface CallFacts {
  readonly api: Api;
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
  const said = upstream ? ` ${facts.api.title} said ${upstream.code}: ${upstream.message}` : '';
  const [kind, message] = describe(failure, facts);
  const known: ErrorFacts = {
    ...(retryAtMs === undefined ? {} : { retryAtMs }),
    ...(upstream === undefined ? {} : { upstream }),
  };
  return new EnrichmentError(kind, `${message}${said}`, known);
}

function describe(failure: Failure, { api, claims }: CallFacts): readonly [kind: ErrorKind, message: string] {
  const { title, host, hostSetting } = api;
  switch (failure.kind) {
    case 'throttled':
      return [
        'quota-exhausted',
        `${title} answered 429 although our own count allowed the call: something else uses this identity's limit.`,
      ];
    case 'unauthorized': {
      const { kind, check } = api.whyRefused(401, claims);
      return [
        kind,
        `${title} answered 401 to a fresh token. ${check} ` +
          'The platform caches tokens for about 24 hours: after a change, wait or restart the function app.',
      ];
    }
    case 'forbidden': {
      const { kind, check, isCertain } = api.whyRefused(403, claims);
      if (failure.upstream || isCertain) return [kind, `${title} answered 403. ${check}`];
      const pass = `Let it pass calls to ${host} unchanged. If there is none on the way: ${check}`;
      return [kind, `${host} answered 403. ${foreign(title)} ${pass}`];
    }
    case 'retired':
      return ['source-retired', `${host} answered 410: this API is gone for good. ${api.whenRetired}`];
    case 'refused':
      return [
        'request-refused',
        failure.upstream
          ? `${title} refused the request with HTTP ${failure.status}; asking again would not help.`
          : `${host} answered HTTP ${failure.status}; asking again would not help. ${foreign(title)}`,
      ];
    case 'untrusted':
      return [
        'connection-not-trusted',
        `The certificate of ${host} is not valid (${failure.code}), so no token was sent. ` +
          `Check ${hostSetting}, and proxies that open TLS on the way.`,
      ];
    case 'redirected':
      return [
        'connection-not-trusted',
        `${host} answered with a redirect (HTTP ${failure.status}), which was not followed: the token goes to the ` +
          `configured host only. Check ${hostSetting} and proxies on the way.`,
      ];
    case 'too-large':
      return [
        'answer-unusable',
        `The answer of ${host} is larger than any real one and was cut off. Check ${hostSetting} and proxies ` +
          'on the way.',
      ];
    case 'malformed':
      return [
        'upstream-unavailable',
        `${host} answered with ${failure.what}. ${failure.status === 404 ? foreign404(hostSetting) : MALFORMED}`,
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
        `${host} could not be reached (${failure.code}). If it stays, check ${hostSetting}, DNS and this network's ` +
          'outbound access.',
      ];
  }
}

/** The form of an answer says whose it is. */
function foreign(title: string): string {
  return `The answer is not in ${title}'s error form, so a proxy or firewall on the way has probably given it.`;
}

const MALFORMED = 'If it stays, check for a proxy on the way.';

function foreign404(hostSetting: string): string {
  return (
    `So it is not known whether the alert exists. Check ${hostSetting} and proxies on the way; if they are right, ` +
    'the API may have been retired.'
  );
}
