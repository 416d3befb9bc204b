import type { App } from '../app/app.js';
import type { EnrichmentError } from '../base/errors.js';
import type { TokenClaims } from '../identity/claims.js';
import type { Outcome } from '../upstream/outcome.js';

/** How bad it is: `fail` keeps the app from its work, `warn` will or may. */
export type Status = 'ok' | 'warn' | 'fail';

/** What a check saw. It holds no token, key or secret, since it is answered and printed. */
export interface Observation {
  readonly status: Status;
  /** A sentence for the reader. */
  readonly found: string;
  /** The command or portal step that mends it. */
  readonly fix?: string;
}

/** The app's own token, or why there is none. `claims` are undefined for one that cannot be read. */
export type TokenLook =
  | { readonly ok: true; readonly claims: TokenClaims | undefined }
  | { readonly ok: false; readonly error: EnrichmentError };

/** What the caller of the doctor allows it to ask the sources. */
export interface Asked {
  /** An alert to make one call to each source about. */
  readonly probe?: string | undefined;
  /** How many alerts to compare the sources by. */
  readonly compare?: number | undefined;
  /** How many calls that may take, where it is more than the doctor makes unasked. */
  readonly spend?: number | undefined;
}

/** What became of the one call that the caller asked for. */
export type ProbeLook =
  | { readonly ok: true; readonly outcome: Outcome; readonly claims: TokenClaims | undefined }
  | { readonly ok: false; readonly error: EnrichmentError };

/** Whether Defender is one of the sources: if not, what it wants of a token does not matter. */
export function isDefenderAsked({ settings }: App): boolean {
  return settings.sources.includes('defender');
}

/** What checks look at: the app, and what several of them need and is asked for once. */
export interface Patient {
  readonly app: App;
  readonly token: Promise<TokenLook>;
  /** Absent unless the caller allowed a call to Defender, and Defender is one of the sources. */
  readonly probe: Promise<ProbeLook> | undefined;
  /** What the caller allowed to be asked. */
  readonly asked: Asked;
}

/** One thing to look at. */
export interface Check {
  readonly name: string;
  /**
   * Looks, and leaves everything as it was. Empty where there is nothing to look at, such as the claims of a
   * token that could not be had: another check tells of that.
   */
  examine(patient: Patient, signal: AbortSignal): Promise<readonly Observation[]>;
}
