import { randomUUID } from 'node:crypto';

/** Whoever uses the system-assigned identity has this application id; invented. */
export const systemAssignedClientId = '11111111-1111-4111-8111-111111111111';

/** The tenant of everything local; invented. */
export const localTenantId = '22222222-2222-4222-8222-222222222222';

/** The claims of an access token, as far as the stand-ins write and read them (times in seconds). */
export interface TokenClaims {
  aud: string;
  exp: number;
  iat: number;
  /** Of an application's token. */
  roles?: readonly string[];
  /** Of a user's token, separated by spaces. */
  scp?: string;
  tid: string;
  appid: string;
  oid: string;
  jti: string;
}

/**
 * An access token for local use: shaped like a JWT, never signed, unlike any other one made before.
 *
 * @param nowMs milliseconds since the epoch
 */
export function makeToken(options: {
  resource: string;
  clientId: string;
  /** Application permissions; none of them in a user's token. */
  roles?: readonly string[];
  /** Delegated permissions of a user's token. */
  scopes?: readonly string[];
  /** The user's; the application's own id unless given. */
  objectId?: string;
  nowMs: number;
  lifetimeSeconds: number;
}): { token: string; expiresOn: number } {
  const iat = Math.floor(options.nowMs / 1000);
  const claims: TokenClaims = {
    aud: options.resource,
    exp: iat + options.lifetimeSeconds,
    iat,
    ...(options.scopes ? { scp: options.scopes.join(' ') } : { roles: options.roles ?? [] }),
    tid: localTenantId,
    appid: options.clientId,
    oid: options.objectId ?? options.clientId,
    jti: randomUUID(),
  };
  const token = `${encode({ typ: 'JWT', alg: 'none' })}.${encode(claims)}.unsigned`;
  return { token, expiresOn: claims.exp };
}

/** The claims of a JWT-shaped token, unverified; nothing if it has another shape. */
export function readClaims(token: string): Partial<TokenClaims> | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
