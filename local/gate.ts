import type { IncomingMessage } from 'node:http';
import type { Clock } from '../shared/base/clock.js';
import { CallLog, type WindowLimit } from './defender/windows.js';
import { readClaims } from './identity/token.js';

/** Why a caller is let in no further, before anybody looks at what is asked for. */
export type Refusal =
  | { readonly status: 401 }
  | { readonly status: 429; readonly waitMs: number }
  | { readonly status: 403; readonly isUser: boolean };

/** What a gate looks at. */
export interface GateOptions {
  readonly clock: Clock;
  /** What a token's `aud` must be. */
  readonly audience: string;
  /** The role or scope that a token must have. */
  readonly permission: string;
  readonly limits: readonly WindowLimit[];
  /** Access tokens that get a 401. */
  readonly revoked: ReadonlySet<string>;
}

/**
 * Lets callers of a stand-in for an API in, or not, as the real ones do: token (401) → quota (429) → role or
 * scope (403). Whatever arrives with a valid token is charged to the quota of its application and tenant.
 */
export function createGate({ clock, audience, permission, limits, revoked }: GateOptions) {
  const logs = new Map<string, CallLog>();
  return (request: IncomingMessage, atMs: number): Refusal | undefined => {
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const claims = readClaims(token);
    const isValid =
      claims?.aud === audience && Number(claims.exp) * 1000 > clock.epochMs() && !revoked.has(token);
    if (!isValid) return { status: 401 };
    const caller = `${claims.tid} ${claims.appid}`;
    const log = logs.get(caller) ?? new CallLog(limits);
    logs.set(caller, log);
    const waitMs = log.arrive(atMs);
    if (waitMs > 0) return { status: 429, waitMs };
    if (claims.roles?.includes(permission) || claims.scp?.split(' ').includes(permission)) return undefined;
    return { status: 403, isUser: claims.scp !== undefined };
  };
}
