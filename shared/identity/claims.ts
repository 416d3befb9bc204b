/**
 * What a token says of itself, unverified: good for telling people what is wrong, and for nothing that must
 * not be forged. Claims: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export interface TokenClaims {
  readonly audience: string | undefined;
  /** Milliseconds since the epoch. */
  readonly issuedAtMs: number | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number | undefined;
  /** Application permissions. */
  readonly roles: readonly string[];
  /** Delegated permissions; a token without them is no user's. */
  readonly scopes: readonly string[];
  /** The client id of the application that the token was given to. */
  readonly applicationId: string | undefined;
  /** The object id of the user or of the service principal. */
  readonly objectId: string | undefined;
  readonly tenantId: string | undefined;
}

/** The latest moment that a Date can hold, in seconds. */
const LATEST_SECONDS = 8_640_000_000_000;

/** The claims of a JWT; undefined for a token of another form, which a token may have. */
export function readClaims(token: string): TokenClaims | undefined {
  const claims = parsePayload(token);
  if (!claims) return undefined;
  return {
    audience: text(claims.aud),
    issuedAtMs: moment(claims.iat),
    expiresAtMs: moment(claims.exp),
    roles: Array.isArray(claims.roles) ? claims.roles.filter((role) => typeof role === 'string') : [],
    scopes: text(claims.scp)?.split(' ').filter(Boolean) ?? [],
    applicationId: text(claims.appid) ?? text(claims.azp),
    objectId: text(claims.oid),
    tenantId: text(claims.tid),
  };
}

function parsePayload(token: string): Record<string, unknown> | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  try {
    const payload: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return undefined;
    return payload as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function moment(seconds: unknown): number | undefined {
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= LATEST_SECONDS)) return undefined;
  return Math.floor(seconds) * 1000;
}
