import type { UpstreamError } from '../base/errors.js';

/** A 200 or 206, read to its end; what it holds is for others to say. */
export interface Answered {
  readonly kind: 'answered';
  readonly status: 200 | 206;
  readonly body: string;
  /** Of the header of that name; undefined where there is none. */
  readonly contentType: string | undefined;
  /** Whether the API says that something is missing in it: a 206, or a `Warning` header. */
  readonly isPartial: boolean;
}

/**
 * What became of one HTTP call, told apart by what follows from it. `status` is undefined without an
 * answer.
 */
export type Outcome =
  | Answered
  /** 404 in the API's own error form, with the code that it has for an alert it does not know */
  | { readonly kind: 'not-found'; readonly status: 404; readonly upstream: UpstreamError }
  /** `retryAfterMs` as the upstream asks for it */
  | {
      readonly kind: 'throttled';
      readonly status: 429;
      readonly retryAfterMs: number | undefined;
      readonly upstream: UpstreamError | undefined;
    }
  | { readonly kind: 'unauthorized'; readonly status: 401; readonly upstream: UpstreamError | undefined }
  | { readonly kind: 'forbidden'; readonly status: 403; readonly upstream: UpstreamError | undefined }
  /** the API says that it is gone for good */
  | { readonly kind: 'retired'; readonly status: 410; readonly upstream: UpstreamError | undefined }
  /** any other status that a retry does not fix */
  | { readonly kind: 'refused'; readonly status: number; readonly upstream: UpstreamError | undefined }
  /** 408 and 5xx */
  | {
      readonly kind: 'unavailable';
      readonly status: number;
      readonly retryAfterMs: number | undefined;
      readonly upstream: UpstreamError | undefined;
    }
  /**
   * no answer: name not resolved, refused, reset, cut short, …; `wasSent` is false only where that is
   * proven
   */
  | {
      readonly kind: 'unreachable';
      readonly status: undefined;
      readonly code: string;
      readonly wasSent: boolean;
    }
  /** no answer within the time of one attempt */
  | { readonly kind: 'timed-out'; readonly status: undefined }
  /** the server's certificate does not hold */
  | { readonly kind: 'untrusted'; readonly status: undefined; readonly code: string }
  /** a redirect; it is never followed, since the token would go with it */
  | { readonly kind: 'redirected'; readonly status: number }
  /** larger than the cap, after decompression */
  | { readonly kind: 'too-large'; readonly status: undefined }
  | Malformed;

/** An answer that is not the API's: a proxy's page, a cut body, another encoding, a 404 of anybody else. */
export interface Malformed {
  readonly kind: 'malformed';
  readonly status: number | undefined;
  /** What came, as the end of "answered with …". */
  readonly what: string;
  readonly upstream?: UpstreamError | undefined;
}

/** What a body holds: the value asked for, or something else. */
export type Reading<T> = { readonly kind: 'value'; readonly value: T } | Malformed;

/** Says that a 200 holds something else than what was asked for. */
export function malformed(what: string): Malformed {
  return { kind: 'malformed', status: 200, what };
}
