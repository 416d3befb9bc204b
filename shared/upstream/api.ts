import type { ErrorKind } from '../base/errors.js';
import type { TokenClaims } from '../identity/claims.js';

/** An API that is asked with tokens: what tells one from another. */
export interface Api {
  /** In names of stored state, telemetry and `ips[].sources`, so it has to stay what it is. */
  readonly name: string;
  /** What messages call it. */
  readonly title: string;
  /** Its origin, the only one that tokens go to. */
  readonly host: string;
  /** What tokens are asked for; not always the host. */
  readonly audience: string;
  /** The setting that names the host, for messages. */
  readonly hostSetting: string;
  /** Headers beside those of every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether a 206 is an answer of this API. */
  readonly hasPartialAnswers: boolean;
  /**
   * What to check when it answered 401 or 403, by the token that was sent.
   * @param claims undefined for a token that cannot be read
   */
  whyRefused(
    status: 401 | 403,
    claims: TokenClaims | undefined,
  ): {
    readonly kind: ErrorKind;
    readonly check: string;
    /** Whether the token explains it by itself, whoever gave the answer. */
    readonly isCertain?: boolean;
  };
  /** What to do when it says that it is gone for good. */
  readonly whenRetired: string;
}
