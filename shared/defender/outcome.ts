import type { UpstreamError } from '../errors.js';

/** The usable answer to one page of an alert's IPs. */
export interface IpsPage {
  readonly ips: readonly string[];
  /** Values that are no addresses. */
  readonly unusable: readonly string[];
  /** Absolute address of the next page, as the answer gives it. */
  readonly nextLink: string | undefined;
}

/** What became of one HTTP call, told apart by what follows from it. */
export type Outcome =
  | { readonly kind: 'ips'; readonly page: IpsPage }
  /** 404 */
  | { readonly kind: 'unknown-alert'; readonly upstream: UpstreamError | undefined }
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
  /** 200 with something else than the API's answer in it */
  | { readonly kind: 'malformed'; readonly what: string };
