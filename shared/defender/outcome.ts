import type { UpstreamError } from '../base/errors.js';

/** What became of one HTTP call, told apart by what follows from it. */
export type Outcome =
  /** 200, read to its end; what it holds is for others to say */
  | { readonly kind: 'answered'; readonly body: string }
  /** 404 */
  | { readonly kind: 'not-found'; readonly upstream: UpstreamError | undefined }
  /** 429; `retryAfterMs` as the upstream asks for it */
  | {
      readonly kind: 'throttled';
      readonly retryAfterMs: number | undefined;
      readonly upstream: UpstreamError | undefined;
    }
  /** 401 */
  | { readonly kind: 'unauthorized'; readonly upstream: UpstreamError | undefined }
  /** 403 */
  | { readonly kind: 'forbidden'; readonly upstream: UpstreamError | undefined }
  /** any other status that a retry does not mend */
  | { readonly kind: 'refused'; readonly status: number; readonly upstream: UpstreamError | undefined }
  /** 408 and 5xx */
  | {
      readonly kind: 'unavailable';
      readonly status: number;
      readonly retryAfterMs: number | undefined;
      readonly upstream: UpstreamError | undefined;
    }
  /** no answer: name not resolved, refused, reset, cut short, … */
  | { readonly kind: 'unreachable'; readonly code: string }
  /** no answer within the time of one attempt */
  | { readonly kind: 'timed-out' }
  /** the server's certificate does not hold */
  | { readonly kind: 'untrusted'; readonly code: string }
  /** a redirect; it is never followed, since the token would go with it */
  | { readonly kind: 'redirected'; readonly status: number }
  /** larger than the cap, after decompression */
  | { readonly kind: 'too-large' }
  /** an answer that is not the API's: a proxy's page, a cut body, another encoding */
  | { readonly kind: 'malformed'; readonly what: string };
