import type { App } from '../app/app.js';
import type { EnrichmentError, StorageError } from '../base/errors.js';
import type { IpsPage } from '../defender/alert-ips.js';
import type { TokenClaims } from '../identity/claims.js';
import type { EndOf } from '../upstream/client.js';

/** How bad it is: `fail` keeps the app from its work, `warn` will or may. */
export type Status = 'ok' | 'warn' | 'fail';

/** What a check saw. It holds no token, key or secret, since it is shown. */
export interface Observation {
  readonly status: Status;
  /** A sentence for the reader. */
  readonly found: string;
  /**
   * What fixes it: either a shell command, that can be pasted whole (a note in it is a comment), or a
   * sentence without any command.
   */
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

/** What the one call brought that the caller asked for. */
export type ProbeLook =
  | { readonly ok: true; readonly reading: EndOf<IpsPage>; readonly claims: TokenClaims | undefined }
  | { readonly ok: false; readonly error: EnrichmentError };

/** Whether Defender is one of the sources: if not, what it wants of a token does not matter. */
export function isDefenderAsked({ settings }: App): boolean {
  return settings.sources.includes('defender');
}

/** What checks look at: the app, and what several of them need, which is asked for once. */
export interface Patient {
  readonly app: App;
  readonly token: Promise<TokenLook>;
  /** Absent unless the caller allowed a call to Defender, and Defender is one of the sources. */
  readonly probe: Promise<ProbeLook> | undefined;
  /** What the caller allowed to be asked. */
  readonly asked: Asked;
  /** Why the storage account cannot be written to; undefined when it can, or when there is none. */
  readonly storage: Promise<StorageError | undefined>;
}

/** One thing to look at. */
export interface Check {
  readonly name: string;
  /**
   * Looks, and leaves everything as it was. Empty where there is nothing to look at, or where another check
   * says it already: without a token there are no claims, and one cause is reported once.
   */
  examine(patient: Patient, signal: AbortSignal): Promise<readonly Observation[]>;
}
