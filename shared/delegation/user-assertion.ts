import { createHash } from 'node:crypto';
import { type ErrorKind, IdentityError } from '../base/errors.js';
import { readClaims } from '../identity/claims.js';
import { bearerChallenge } from './challenge.js';
import type { Registration } from './settings.js';

/** A user's token as the caller sent it. Nothing in it is verified: that is for Entra, at the exchange. */
export interface UserAssertion {
  readonly token: string;
  /**
   * SHA-256 of the whole token: the only name under which anything of this user is kept. A claim would
   * be whatever a forger writes; two tokens with one digest are the same token.
   */
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/**
 * Finds the user's token in the `Authorization` header, and refuses at once what Entra would refuse.
 * @throws {IdentityError} that says which: missing, not for this app, an application's, expired
 */
export function readUserAssertion(
  authorization: string | null,
  registration: Registration,
  nowMs: number,
): UserAssertion {
  const refuse = (kind: ErrorKind, message: string) => {
    const challenge = bearerChallenge(
      registration,
      kind === 'user-token-missing' ? undefined : 'invalid_token',
    );
    return new IdentityError(kind, message, { challenge });
  };
  const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization ?? '')?.[1];
  if (!token) {
    throw refuse(
      'user-token-missing',
      "With as=user the caller sends the user's token for this app: Authorization: Bearer TOKEN.",
    );
  }
  const claims = readClaims(token);
  if (!claims?.expiresAtMs || !isFor(registration, claims.audience)) {
    throw refuse(
      'user-token-unusable',
      'The bearer token is not one for this app. Ask Entra for a token whose audience is the app registration in ' +
        'DELEGATED_CLIENT_ID (scope api://CLIENT_ID/.default); a token for Defender or Graph cannot be exchanged.',
    );
  }
  if (claims.tenantId?.toLowerCase() !== registration.tenantId.toLowerCase()) {
    throw refuse(
      'user-token-unusable',
      'The bearer token is of another tenant than the app registration in DELEGATED_CLIENT_ID. Sign in to the tenant in ' +
        'DELEGATED_TENANT_ID and ask again; guests sign in to that tenant, too.',
    );
  }
  if (claims.scopes.length === 0) {
    throw new IdentityError(
      'user-token-of-app',
      'The bearer token is an application’s (it has no scp), and on behalf of an application nobody can ask. Send a ' +
        "signed-in user's token, or leave as=user away: the app then asks in its own name.",
    );
  }
  if (claims.expiresAtMs <= nowMs) {
    throw refuse('user-token-expired', "The user's token has expired. Get a new one and ask again.");
  }
  const digest = createHash('sha256').update(token).digest('base64url');
  return { token, digest, expiresAtMs: claims.expiresAtMs };
}

/** Tokens of version 2 name the client id, those of version 1 the app's address. */
function isFor({ clientId }: Registration, audience: string | undefined): boolean {
  const wanted = clientId.toLowerCase();
  const actual = audience?.toLowerCase();
  return actual === wanted || actual === `api://${wanted}`;
}
